"""The protocols that checks speak, each on the one deadline of its `Wire`."""
