"""Remedies: what mends itself, within limits. They are listed in `roster`."""
