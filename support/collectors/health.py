"""`health`: the verdict now, its changes in the window, and the modes a person set.

Owns asking the daemon, and falling back on what it wrote last. Refuses to look for itself: what
the checks saw is what customers and balancers met.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from agent.health.wire.http import HttpTrouble, ask, request
from agent.history import History
from agent.host import glance
from agent.host.failures import FileFailure
from agent.status import NO_SENSE
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import below_root, copied, lines, value
from support.scene import Scene

_PATIENCE = 1.0  # seconds; a wedged daemon must not cost more
_MOST = 20_000  # changes
_CAP = 4 << 20


def sources(scene: Scene) -> Iterable[Source]:
    layout = scene.layout
    if not scene.rescue:
        yield value("health/verdict.json", "caretaker status --json", lambda: _verdict(scene))
    yield lines("health/changes.jsonl", str(layout.history), lambda: _changes(scene))
    yield from copied(scene, below_root(scene, layout.modes), "health/modes.json")


def _verdict(scene: Scene) -> object:
    report = _asked(scene)
    came = "api" if report is not None else "status.json"
    if report is None:
        report = _written(scene)
    at = report.get("at")
    age = scene.host.clock.wall() - at if isinstance(at, int | float) else None
    return {"from": came, "age": age, "report": report}


def _asked(scene: Scene) -> dict[str, object] | None:
    """By the local API, within a second; None where it does not answer so."""
    try:
        with scene.host.network.connect_unix(scene.layout.api_socket, timeout=_PATIENCE) as wire:
            answer = ask(wire, request("GET", "localhost", "/status", {}), method="GET")
        if answer.status != 200 or not answer.whole:
            return None
        return msgspec.json.decode(answer.body, type=dict[str, object])
    except (OSError, HttpTrouble, *NO_SENSE):
        return None


def _written(scene: Scene) -> dict[str, object]:
    """Raises FileNotFoundError and FileFailure, which then stand in the bundle's manifest."""
    path = below_root(scene, scene.layout.status)
    content = glance.read(scene.layout.root, path, cap=_CAP)
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except NO_SENSE as error:
        raise FileFailure(scene.layout.status, "read", str(error)) from error


def _changes(scene: Scene) -> Iterator[object]:
    """The daemon's user owns the file, whoever that is by now: `History` reads a copy of it."""
    found = History(scene.layout.history, 0).changes(limit=_MOST, since=scene.since)
    yield from (change for change in found if change.at <= scene.until)


def guess(scene: Scene) -> int:
    seen = glance.look(scene.layout.root, below_root(scene, scene.layout.status))
    return int(1.4 * (seen.size if seen else 0)) + 1500


COLLECTOR = Collector(
    code="health",
    title="health: verdict, its changes, modes",
    reads="the daemon's local API or status.json, history.db, modes.json",
    sources=sources,
    guess=guess,
    cap=_CAP,
    priority=FIRST,
)
