"""Crash tests: every state-changing call struck, every power cut replayed, every operation."""
