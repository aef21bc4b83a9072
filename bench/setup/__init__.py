"""Figures of setup: second run, plan, and the kill-point sweep (`python -m bench.setup`)."""
