"""Benches of the golden image: builds, boots, scores."""
