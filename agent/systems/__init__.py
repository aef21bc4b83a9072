"""Operating systems: which ones Caretaker knows, and how they differ."""
