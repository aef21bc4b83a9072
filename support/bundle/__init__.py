"""The bundle itself: packed as a stream, signed, encrypted, verified, opened."""
