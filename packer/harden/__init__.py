"""Hardening as records: what is set, how that is seen, and what is refused for which reason."""
