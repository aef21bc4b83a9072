"""The manifest: appliance.toml read, checked, explained."""
