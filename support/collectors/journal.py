"""The journal in a bundle: a file for each unit that matters, for the kernel, and for the rest.

Owns which entries stand where, so that each stands once, and in what order of importance. Refuses
to read any itself: systemd-python does (`agent.host.journal_read`), and where it is missing
journalctl (`journalctl`), which costs half as much again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import msgspec

from agent.host import glance, journal_read
from agent.host.journal_read import Group, Reader, Telling, Wanted
from agent.manifest.model import Manifest
from agent.services.names import unit_name
from support.collectors import journalctl
from support.collectors.collector import FIRST, LATER, SOON, Collector, Sample, Source
from support.collectors.document import made
from support.collectors.names import words
from support.scene import Scene

FOLDER = "/var/log/journal"
_UNIT_CAP, _REST_CAP = 64 << 20, 16 << 20
_FAILED_CAP, _FAILED_MOST = 512 << 10, 20  # bytes; units
_FAILED = "MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c"  # SD_MESSAGE_UNIT_FAILURE_RESULT
_SAMPLE = 1500  # entries
_OURS = "caretaker"
_COREDUMP = "MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1"  # systemd-coredump(8)
# Who says at an ordinary level what a diagnosis needs: starts, stops, sessions, the clock.
_TELLERS = (
    *("systemd", "systemd-logind", "systemd-shutdown", "systemd-timedated", "systemd-timesyncd"),
    *("systemd-journald", "systemd-networkd", "systemd-resolved", "systemd-fsck", "sudo", "su"),
    *("chronyd", "dhclient", "NetworkManager", "cloud-init"),
)
_REST: tuple[Group, ...] = (
    tuple(f"PRIORITY={level}" for level in range(5)),
    tuple(f"SYSLOG_IDENTIFIER={name}" for name in _TELLERS),
)
_KERNEL = "_TRANSPORT=kernel"


def of_services(manifest: Manifest | None) -> tuple[Collector, ...]:
    """One for each service's unit."""
    if manifest is None:
        return ()
    found: dict[str, Collector] = {}
    for name in manifest.services:
        unit = unit_name(manifest, name)
        found.setdefault(unit, of_units(f"journal.{name}", [unit], priority=FIRST))
    return tuple(found.values())


def of_unnamed(app: str) -> tuple[Collector, ...]:
    """Where no manifest says which: all units that are called as ours call them, `<app>-NAME`."""
    if not app:
        return ()
    units = partial(_beginning, f"{app}-")
    return (
        Collector(
            code="journal-application",
            title="Journal of the application",
            reads=f"the journal's entries of units called {app}-* in the window",
            sources=partial(_sources_of, units),
            guess=partial(_guess, partial(_told_by, units)),
            sample=partial(_sampled, partial(_told_by, units)),
            cap=_UNIT_CAP,
            priority=FIRST,
        ),
    )


def of_units(
    code: str,
    units: Iterable[str],
    *,
    cap: int = _UNIT_CAP,
    timeout: float = 10.0,
    priority: int = SOON,
    consent: bool = False,
) -> Collector:
    """What units said, and what systemd said of them."""
    wanted = tuple(units)
    return Collector(
        code=code,
        title=f"Journal of {', '.join(wanted)}",
        reads=f"the journal's entries of {', '.join(wanted)} in the window",
        sources=partial(_unit_sources, lambda _: wanted),
        guess=partial(_guess, partial(_told, wanted)),
        sample=partial(_sampled, partial(_told, wanted)),
        cap=cap,
        timeout=timeout,
        priority=priority,
        consent=consent,
    )


def has_journal(scene: Scene) -> bool:
    """Whether there is one to be read: below a root of its own the machine's is not meant."""
    if scene.rescue:
        return glance.look(scene.layout.root, FOLDER) is not None
    return not scene.layout.embedded


@dataclass
class _Journal:
    """The journal of one scene, opened once a collector."""

    scene: Scene
    reader: Reader | None

    def source(
        self,
        name: str,
        groups: tuple[Group, ...],
        *,
        without: tuple[str, ...] = (),
        cap: int = _UNIT_CAP,
    ) -> Source:
        """A file with the entries that any group means."""
        wanted = Wanted(groups, self.scene.since, self.scene.until, _without(without))
        origin = words(f"journal: {' or '.join(' '.join(group[:5]) for group in groups)}")
        if self.reader is None:
            return journalctl.source(self.scene, f"journal/{name}.log", wanted, cap=cap)
        telling = Telling(self.reader, wanted)
        return Source(
            f"journal/{name}.log",
            origin,
            partial(telling.blocks, cap),
            cap=cap,
            left_out=lambda: telling.left_out,
            newest=telling.blocks,
        )


def opened(scene: Scene) -> Reader | None:
    """The library's reader; None where it is missing. HostFailure, OSError."""
    if not journal_read.available():
        return None
    if not scene.rescue:
        return journal_read.open_reader()
    folder = glance.open_at(scene.layout.root, FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return journal_read.open_reader(folder)


def groups_of(units: Iterable[str]) -> tuple[Group, ...]:
    """As `journalctl --unit` has them: a unit's own entries, and those about it."""
    found: list[Group] = []
    for unit in units:
        found += [
            (f"_SYSTEMD_UNIT={unit}",),
            ("_PID=1", f"UNIT={unit}"),
            ("_UID=0", f"OBJECT_SYSTEMD_UNIT={unit}"),
            (_COREDUMP, f"COREDUMP_UNIT={unit}"),
        ]
    return tuple(found)


def _unit_sources(units: Callable[[Scene], Iterable[str]], scene: Scene) -> Iterator[Source]:
    if not has_journal(scene):
        return
    journal = _Journal(scene, opened(scene))
    for unit in _with_instances(journal.reader, units(scene)):
        yield journal.source(unit, groups_of([unit]))


def _with_instances(reader: Reader | None, units: Iterable[str]) -> list[str]:
    """The units, and of each its instances: Debian's postgresql.service is postgresql@15-main."""
    known = _known(reader)
    found = []
    for unit in units:
        stem, _, kind = unit.rpartition(".")
        found += [
            unit,
            *(each for each in known if each.startswith(f"{stem}@") and each.endswith(f".{kind}")),
        ]
    return list(dict.fromkeys(found))


def _known(reader: Reader | None) -> list[str]:
    """Every unit of which the journal has an entry."""
    if reader is None:
        return []
    return sorted(
        bytes(one).decode(errors="replace") for one in reader.query_unique("_SYSTEMD_UNIT")
    )


def _beginning(word: str, reader: Reader | None) -> list[str]:
    return [unit for unit in _known(reader) if unit.startswith(word)]


def _ours(reader: Reader | None) -> list[str]:
    return _beginning(_OURS, reader) or [f"{_OURS}.service"]


def taken(scene: Scene, reader: Reader | None) -> list[str]:
    """Units whose entries stand in a file of their own."""
    manifest = scene.manifest
    units: list[str] = []
    if manifest is not None:
        units += [unit_name(manifest, name) for name in manifest.services]
        for collect in manifest.collect.values():
            units += [] if collect.consent else collect.units
    elif scene.layout.app:
        units += _beginning(f"{scene.layout.app}-", reader)
    return [*_with_instances(reader, units), *_ours(reader)]


def _without(units: tuple[str, ...]) -> dict[str, frozenset[bytes]]:
    if not units:
        return {}
    names = frozenset(unit.encode() for unit in units)
    fields = ("_SYSTEMD_UNIT", "UNIT", "OBJECT_SYSTEMD_UNIT", "COREDUMP_UNIT")
    return {"_TRANSPORT": frozenset([b"kernel"]), **dict.fromkeys(fields, names)}


def _sources_of(units: Callable[[Reader | None], list[str]], scene: Scene) -> Iterator[Source]:
    if not has_journal(scene):
        return
    journal = _Journal(scene, opened(scene))
    for unit in units(journal.reader):
        yield journal.source(unit, groups_of([unit]))


def _kernel_sources(scene: Scene) -> Iterator[Source]:
    if has_journal(scene):
        yield _Journal(scene, opened(scene)).source("kernel", ((_KERNEL,),))


def _rest_sources(scene: Scene) -> Iterator[Source]:
    if not has_journal(scene):
        return
    journal = _Journal(scene, opened(scene))
    reader = journal.reader
    if reader is None:
        yield journalctl.boots(scene)
    else:
        yield made("journal/boots.json", "journal: boots", lambda: _boots(reader))
    already = tuple(taken(scene, reader))
    yield journal.source("system", _REST, without=already)
    failed = [] if reader is None else _failed(scene, reader)
    if groups := tuple((f"_SYSTEMD_UNIT={unit}",) for unit in failed if unit not in already):
        yield journal.source("failed-units", groups, cap=_FAILED_CAP)


def _failed(scene: Scene, reader: Reader) -> list[str]:
    """Units of which systemd said so: what they said last, at whatever level, tells why."""
    wanted = Wanted(((_FAILED,),), scene.since, scene.until)
    return journal_read.latest(reader, wanted, "UNIT", most=_FAILED_MOST)


def _boots(reader: Reader) -> bytes:
    return msgspec.json.format(msgspec.json.encode(journal_read.boots(reader)), indent=1) + b"\n"


Groups = Callable[[Scene, Reader | None], tuple[Group, ...]]


def _guess(groups: Groups, scene: Scene) -> int:
    return sum(each.size for each in _sampled(groups, scene, sample=0))


def _sampled(groups: Groups, scene: Scene, *, sample: int = _SAMPLE) -> Iterator[Sample]:
    if not has_journal(scene):
        return
    reader = opened(scene)
    if reader is None:
        yield Sample(journalctl.guess(scene), b"")
        return
    wanted = Wanted(groups(scene, reader), scene.since, scene.until)
    size, text = journal_read.expected(reader, wanted, sample=sample)
    yield Sample(min(_UNIT_CAP, size), text)


def _told(wanted: tuple[str, ...], _: Scene, reader: Reader | None) -> tuple[Group, ...]:
    return groups_of(_with_instances(reader, wanted))


def _told_by(
    units: Callable[[Reader | None], list[str]], _: Scene, reader: Reader | None
) -> tuple[Group, ...]:
    return groups_of(units(reader))


def _kernel(*_: object) -> tuple[Group, ...]:
    return ((_KERNEL,),)


def _rest(*_: object) -> tuple[Group, ...]:
    return _REST


OURS = Collector(
    code="journal-caretaker",
    title="Journal of Caretaker",
    reads="the journal's entries of Caretaker's units in the window",
    sources=partial(_sources_of, _ours),
    guess=partial(_guess, partial(_told_by, _ours)),
    sample=partial(_sampled, partial(_told_by, _ours)),
    cap=_UNIT_CAP,
    priority=SOON,
)
KERNEL = Collector(
    code="journal-kernel",
    title="Journal of the kernel",
    reads="the journal's entries of the kernel in the window",
    sources=_kernel_sources,
    guess=partial(_guess, _kernel),
    sample=partial(_sampled, _kernel),
    cap=_REST_CAP,
    priority=SOON,
)
REST = Collector(
    code="journal-system",
    title="Journal of the system",
    reads="warnings of all other units, all of those that failed; what systemd said; boots",
    sources=_rest_sources,
    guess=partial(_guess, _rest),
    sample=partial(_sampled, _rest),
    cap=_REST_CAP,
    priority=LATER,
)
