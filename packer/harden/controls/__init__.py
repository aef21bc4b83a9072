"""The controls, in the order they are applied."""
