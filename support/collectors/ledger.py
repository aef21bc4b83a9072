"""`ledger`: what Caretaker did in the window, root's entries and the daemon's as one.

Owns the file's shape. Refuses to choose: every act may be the one that explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from agent.host import glance
from agent.host.failures import FileFailure
from agent.ledger import Entry, read_ledgers
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import below_root, lines
from support.scene import Scene

_MOST = 20_000  # entries of each file, all that it keeps
_ENTRY = 260  # bytes of JSON, about


def sources(scene: Scene) -> Iterable[Source]:
    origin = " and ".join(str(path) for path in scene.layout.ledgers)
    yield lines("ledger/ledger.jsonl", origin, lambda: _entries(scene))


def _entries(scene: Scene) -> Iterator[object]:
    """A ledger that can't be read costs its own entries. FileFailure where neither can."""
    found: list[tuple[str, Entry]] = []
    failures: list[FileFailure] = []
    for by, path in zip(("root", "daemon"), scene.layout.ledgers, strict=True):
        try:
            every = read_ledgers([path], limit=_MOST, since=scene.since)
            found += [(by, entry) for entry in every if entry.at <= scene.until]
        except FileFailure as refused:
            failures.append(refused)
    if failures and not found:
        raise failures[0]
    found.sort(key=lambda each: each[1].at)
    for by, entry in found:
        yield {"at": entry.at, "by": by, **msgspec.structs.asdict(entry)}
    for failure in failures:
        yield {"at": scene.until, "by": "support", "act": "read", "outcome": "failed",
               "target": str(failure.path), "why": failure.why}  # fmt: skip


def guess(scene: Scene) -> int:
    sizes = [
        seen.size
        for path in scene.layout.ledgers
        if (seen := glance.look(scene.layout.root, below_root(scene, path)))
    ]
    # A file has been growing for a month or so; the window is usually a day.
    days = max(0.1, (scene.until - scene.since) / 86400)
    return int(min(sum(sizes), sum(sizes) * days / 10 + 20 * _ENTRY))


COLLECTOR = Collector(
    code="ledger",
    title="what Caretaker did",
    reads="both ledger.db",
    sources=sources,
    guess=guess,
    cap=8 << 20,
    priority=FIRST,
)
