"""Upgrade and rollback: where a release comes from, what will happen, what it costs."""
