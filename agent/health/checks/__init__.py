"""The checks, one file each, in the order shown to people."""
