"""The golden image booted in QEMU: slow, real, and without a way out to any network."""
