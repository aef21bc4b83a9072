"""Drift: what differs on this machine from the image it was started from."""
