"""`samples`: what the machine used and had left, minute by minute, and hour by hour.

Owns the two files; docs/reference/support-files.md names every number in them. Refuses to sample:
the daemon does (`agent/host/resources.py`), and the task `samples`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from agent.history import History
from agent.host import glance
from agent.housekeeping.tasks.samples import NAME
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import below_root, copied, encoded, made
from support.scene import Scene

_CAP = (4 << 20) - 4096  # bytes; analysers and plots take a file of 4 MiB, redacted
_MOST = 20_000  # samples; two weeks of minutes
_SAMPLE = 420  # bytes of JSON, about
_HOURLY_CAP = 512 << 10


def sources(scene: Scene) -> Iterable[Source]:
    layout = scene.layout
    yield made("samples/samples.jsonl", str(layout.history), lambda: _samples(scene))
    path = below_root(scene, layout.samples / NAME)
    yield from copied(scene, path, "samples/hourly.jsonl", cap=_HOURLY_CAP, newest=True)


def _samples(scene: Scene) -> bytes:
    """Rounded: a plot is not finer, and a minute's sample is then half as long. Analysers read
    the file whole or not at all, so it is never longer than they take."""
    found: list[bytes] = []
    room = _CAP
    kept = History(scene.layout.history, 0).samples(limit=_MOST, since=scene.since)
    for sample in reversed(kept):
        if sample.at <= scene.until:
            line = encoded({"at": round(sample.at, 1), **dict(_rounded(sample.facts))}) + b"\n"
            room -= len(line)
            if room < 0:
                break
            found.append(line)
    return b"".join(reversed(found))


def _rounded(facts: object) -> Iterator[tuple[str, float]]:
    """The daemon's user may have written anything."""
    for name, number in facts.items() if isinstance(facts, dict) else ():
        if isinstance(name, str) and isinstance(number, int | float) and math.isfinite(number):
            yield name[:64], round(number, 2) if abs(number) < 1000 else round(number)


def guess(scene: Scene) -> int:
    every = float(scene.manifest.daemon.sample_every) if scene.manifest else 60.0
    history = glance.look(scene.layout.root, below_root(scene, scene.layout.history))
    samples = min(_MOST, (scene.until - scene.since) / max(1.0, every))
    hourly = glance.look(scene.layout.root, below_root(scene, scene.layout.samples / NAME))
    found = min(_SAMPLE * samples, (history.size if history else 0) * 0.8)
    return int(min(found, _CAP)) + min(hourly.size if hourly else 0, _HOURLY_CAP)


COLLECTOR = Collector(
    code="samples",
    title="CPU, memory, disk and network over time",
    reads="history.db, samples.jsonl",
    sources=sources,
    guess=guess,
    cap=8 << 20,
    priority=FIRST,
)
