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
BEFORE = 1 << 40  # more than what lies over the border reaches back
CARRIED = -1  # What the window before began to replace.


class Found(NamedTuple):
    """`[start, end)` of a window, to be replaced by `instead`."""

    start: int
    end: int
    rank: int
    rule: str
    instead: bytes


Place = tuple[int, int, int, str, bytes]
"""The same without its names. Of names there are 10,000 in a megabyte, and a record costs three
times what a tuple does."""


def moved(place: Place, by: int) -> Place:
    start, end, rank, rule, instead = place
    return start + by, end + by, rank, rule, instead


def merged(found: Iterable[Place]) -> list[Place]:
    """Without overlaps, in order; the same whatever order they came in."""
    result: list[Place] = []
    cluster: list[Place] = []
    reach = -BEFORE
    for one in sorted(found):
        if one[0] >= reach:
            if cluster:
                result += _settled(cluster)
                cluster = []
            result.append(one)
            reach = one[1]
        else:
            if not cluster:
                cluster.append(result.pop())
            cluster.append(one)
            reach = max(reach, one[1])
    return result + _settled(cluster) if cluster else result


def _order(one: Place) -> tuple[int, int, int, str, bytes]:
    start, end, rank, rule, instead = one
    return rank, start - end, start, rule, instead


def _settled(cluster: list[Place]) -> list[Place]:
    if len(cluster) == 2 and cluster[0][2] == cluster[1][2] == IDENTITY:
        # By far the most: a host in an address of mail, a name that two rules found.
        one, other = cluster
        return [one if one[1] - one[0] >= other[1] - other[0] else other]
    taken: list[Place] = []
    for one in sorted(cluster, key=_order):
        rivals = [other for other in taken if other[0] < one[1] and one[0] < other[1]]
        if not rivals:
            taken.append(one)
        elif one[2] < IDENTITY and not any(other[2] == FORMAT for other in rivals):
            best = min(rivals, key=_order)
            start = min(one[0], *(other[0] for other in rivals))
            end = max(one[1], *(other[1] for other in rivals))
            taken = [other for other in taken if other not in rivals]
            taken.append((start, end, *best[2:]))
    return sorted(taken)
