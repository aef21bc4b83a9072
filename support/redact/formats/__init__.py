"""Rules for whole files of a known format, in the order they are tried."""
