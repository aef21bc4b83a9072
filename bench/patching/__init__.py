"""Kills in the middle of an upgrade of the system, and what `os status` costs."""
