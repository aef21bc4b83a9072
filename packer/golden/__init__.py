"""The one command that makes a golden image, step by step, and what it tells about it."""
