"""Backups beside restic alone, and beside tar and zstd."""
