"""How long it takes to find what changed since the image."""
