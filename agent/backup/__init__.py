"""Backups of the application's state, and holding it still for those that others make."""
