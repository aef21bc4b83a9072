"""Which collectors there are for one machine, and which of them somebody asked for.

Owns the whole list in the order shown to people, and choosing by name. Refuses to run any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.errors import UsageError
from agent.manifest.suggest import suggestion
from support.collectors import COLLECTORS, journal
from support.collectors.collector import Collector
from support.collectors.declared import declared
from support.scene import Scene


def collectors_for(scene: Scene) -> tuple[Collector, ...]:
    """Those of every machine, with a journal for each service of this one's manifest, and what
    the vendor declares."""
    services = journal.of_services(scene.manifest)
    if scene.manifest is None:
        services = journal.of_unnamed(scene.layout.app)
    place = COLLECTORS.index(journal.OURS)
    return (*COLLECTORS[:place], *services, *COLLECTORS[place:], *declared(scene))


def choose(
    collectors: Sequence[Collector],
    *,
    only: Iterable[str] = (),
    skip: Iterable[str] = (),
    consented: Iterable[str] = (),
) -> tuple[Collector, ...]:
    """Those that are `only` (none named: all) and not in `skip`, by code or by the word it begins
    with (`journal`). One that wants consent must be named whole, or stand in `consented`.

    UsageError for a name that means none.
    """
    only, skip, consented = tuple(only), tuple(skip), tuple(consented)
    for name in (*only, *skip, *consented):
        _known(name, collectors)
    named = {*only, *consented}
    return tuple(
        each
        for each in collectors
        if (not only or each.code in consented or _is_one_of(each, only))
        and not _is_one_of(each, skip)
        and (not each.consent or each.code in named)
    )


def by_priority(collectors: Iterable[Collector]) -> list[Collector]:
    """In the order they are run: what matters most first."""
    return sorted(collectors, key=lambda each: each.priority)


def _is_one_of(collector: Collector, names: tuple[str, ...]) -> bool:
    return any(_means(name, collector) for name in names)


def _means(name: str, collector: Collector) -> bool:
    return collector.code == name or collector.code.startswith((f"{name}-", f"{name}."))


def _known(name: str, collectors: Sequence[Collector]) -> None:
    if any(_means(name, each) for each in collectors):
        return
    near = suggestion(name, [each.code for each in collectors])
    raise UsageError(
        "collector-unknown",
        f"there is no collector {name!r}{near}",
        hint="caretaker support-bundle --plan",
    )
