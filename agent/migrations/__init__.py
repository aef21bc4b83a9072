"""Migrations: scripts that carry data between versions, run on a clone."""
