"""Signatures and provenance that others verify without us."""
