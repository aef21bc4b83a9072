"""Spans that overlap, made into ones that do not.

Owns the order: format, passage, known value, pattern of one's own, line, identity; the longer
before the shorter within a kind, the earlier before the later. Where two secrets overlap, all that
either covers goes, under the mark of the one that comes first in that order; only what a format
found keeps its borders, or the file would not be well-formed any more. A name that overlaps a
secret is no name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

FORMAT, PASSAGE, KNOWN, OWN, LINE, IDENTITY = range(6)
CARRIED = -1  # What the window before began to replace.


class Found(NamedTuple):
    """`[start, end)` of a window, to be replaced by `instead`."""

    start: int
    end: int
    rank: int
    rule: str
    instead: bytes


def merged(found: Iterable[Found]) -> list[Found]:
    """Without overlaps, in order; the same whatever order they came in."""
    result: list[Found] = []
    cluster: list[Found] = []
    reach = 0
    for one in sorted(found):
        start, end, *_ = one
        if start >= reach:
            if len(cluster) > 1:
                result += _settled(cluster)
            else:
                result += cluster
            cluster = [one]
            reach = end
        else:
            cluster.append(one)
            reach = max(reach, end)
    return result + (_settled(cluster) if len(cluster) > 1 else cluster)


def _order(one: Found) -> tuple[int, int, int, str, bytes]:
    return one.rank, one.start - one.end, one.start, one.rule, one.instead


def _settled(cluster: list[Found]) -> list[Found]:
    taken: list[Found] = []
    for one in sorted(cluster, key=_order):
        rivals = [other for other in taken if other.start < one.end and one.start < other.end]
        if not rivals:
            taken.append(one)
        elif one.rank < IDENTITY and not any(other.rank == FORMAT for other in rivals):
            best = min(rivals, key=_order)
            start = min(one.start, *(other.start for other in rivals))
            end = max(one.end, *(other.end for other in rivals))
            taken = [other for other in taken if other not in rivals]
            taken.append(best._replace(start=start, end=end))
    return sorted(taken)
