"""The golden image: built, hardened, certified, listed, signed and booted.

What runs on the machine that builds, and `certify` and `harden`, which run on the appliance too."""
