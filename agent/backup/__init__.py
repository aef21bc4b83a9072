"""Backups: data the customer keeps, made consistently and restored into a new generation."""
