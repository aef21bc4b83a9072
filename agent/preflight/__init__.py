"""Preflight of an upgrade: what is looked at before anything is touched."""
