"""Credentials: who uses a secret, changing it as one act, and showing it once."""
