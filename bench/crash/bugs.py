"""Seeded bugs."""


def plant(name: str) -> None:
    raise KeyError(name)
