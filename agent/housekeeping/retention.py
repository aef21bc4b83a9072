"""Which deployments, generations and releases nobody needs any more.

Owns the policy. The active deployment and the one before it are never among them, and whatever
can't be read is kept. Pure: what there is comes in, what may go comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.deployment import Deployment

_PART = ".part"
_INTERRUPTED = 86400.0  # seconds after which a copy that was begun is no longer being made


@dataclass(frozen=True, slots=True)
class Stock:
    """What stands on the disk. Times are since 1970.

    `deployments` by number, None where the record can't be read; `generations` and `releases` by
    the name of their folder, with when it was last changed.
    """

    active: Deployment
    deployments: Mapping[int, Deployment | None]
    generations: Mapping[str, float] = field(default_factory=dict)
    releases: Mapping[str, float] = field(default_factory=dict)


def before(stock: Stock) -> int | None:
    """The deployment that a rollback goes to.

    A record that was rebuilt from the links does not name it: then it is the newest below that
    was not gone back from.
    """
    if stock.active.previous is not None:
        return stock.active.previous
    older = [
        number
        for number, each in stock.deployments.items()
        if number < stock.active.number and (each is None or each.abandoned is None)
    ]
    return max(older, default=None)


def spare_deployments(
    stock: Stock, *, now: float, keep_for: float, abandoned_for: float
) -> list[int]:
    """Old ones, and those gone back from, whose data has waited for its owner that long.

    One that has not proved itself is part of a change: recovery takes it away, or it gets there.
    """
    kept = {stock.active.number, before(stock)}
    found = []
    for number, each in sorted(stock.deployments.items()):
        if each is None or number in kept:
            continue
        if each.abandoned is not None:
            spare = now - each.abandoned >= abandoned_for
        else:
            spare = each.committed is not None and now - each.created >= keep_for
        if spare:
            found.append(number)
    return found


def spare_generations(
    stock: Stock, *, now: float, keep_for: float, abandoned_for: float
) -> list[str]:
    """Those that no deployment names, once that old; `spare_deployments` are gone by then."""
    gone = set(spare_deployments(stock, now=now, keep_for=keep_for, abandoned_for=abandoned_for))
    named = {str(stock.active.generation), str(before(stock))}
    # A deployment's generation has its number, also where its record can't be read.
    named |= {str(number) for number in stock.deployments if number not in gone}
    named |= {
        str(each.generation)
        for number, each in stock.deployments.items()
        if each is not None and number not in gone
    }
    return [
        name
        for name, changed in sorted(stock.generations.items())
        if (name.isdigit() and name not in named and _is_due(name, gone, now - changed, keep_for))
        or _is_interrupted(name, changed, now)
    ]


def _is_due(name: str, gone: set[int], age: float, keep_for: float) -> bool:
    """With its deployment; one that none names after as long as any."""
    return int(name) in gone or age >= keep_for


def spare_releases(stock: Stock, *, now: float, keep: int) -> list[str]:
    """Those that no deployment names, but for the `keep` newest of them."""
    named = {stock.active.release}
    named |= {each.release for each in stock.deployments.values() if each is not None}
    if None in stock.deployments.values():
        return []  # Who knows which one that deployment needs.
    unused = [
        (changed, name)
        for name, changed in stock.releases.items()
        if name not in named and not name.endswith(_PART) and not name.startswith(".")
    ]
    unused.sort(reverse=True)
    parts = [
        name for name, changed in stock.releases.items() if _is_interrupted(name, changed, now)
    ]
    return sorted([*(name for _, name in unused[keep:]), *parts])


def _is_interrupted(name: str, changed: float, now: float) -> bool:
    return name.endswith(_PART) and now - changed >= _INTERRUPTED
