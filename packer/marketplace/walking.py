"""Going through a document of maps and lists, without recursion: a stranger wrote it.

Owns the walk and the spelling of places. Refuses to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Spot(NamedTuple):
    """One value: its place (`Resources.Role.Properties`), the last key on the way, itself."""

    place: str
    key: str
    value: Any


def walk(value: Any, place: str = "") -> Iterator[Spot]:
    """Every value below, the outer before the inner, in the order of the document."""
    waiting = [Spot(place, place.rpartition(".")[2], value)]
    while waiting:
        spot = waiting.pop()
        yield spot
        inner: list[Spot] = []
        if isinstance(spot.value, dict):
            inner = [Spot(_join(spot.place, str(k)), str(k), v) for k, v in spot.value.items()]
        elif isinstance(spot.value, list):
            rows = enumerate(spot.value)
            inner = [Spot(f"{spot.place}[{number}]", spot.key, v) for number, v in rows]
        waiting += reversed(inner)


def texts(value: Any, place: str = "") -> Iterator[Spot]:
    """The texts among them."""
    return (spot for spot in walk(value, place) if isinstance(spot.value, str))


def table(value: Any, *path: str) -> dict[str, Any]:
    """The map at a path of keys; an empty one where there is none, or something else."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
