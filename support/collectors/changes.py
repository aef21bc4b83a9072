"""`changes`: upgrades and the like: the one under way or last, deployments, releases, trust, boots.

Owns the file names. Refuses to say what should be there: `caretaker releases` and the analysers do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from agent.deployment import Deployments
from agent.errors import CaretakerError
from agent.host import glance
from agent.host.failures import FileFailure
from agent.host.glance import Seen
from agent.release.staged import record_of
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import below_root, copied, value
from support.scene import Scene

_LOG_CAP = 256 << 10


def sources(scene: Scene) -> Iterable[Source]:
    layout = scene.layout
    for path, name in (
        (layout.change, "change"),
        (layout.boots, "boots"),
        (layout.clones, "clones"),
    ):
        yield from copied(scene, below_root(scene, path), f"changes/{name}.json")
    if layout.app:
        yield value(
            "changes/deployments.json", str(layout.deployments), lambda: _deployments(scene)
        )
        yield value("changes/migrations.json", str(layout.current), lambda: _migrations(scene))
    yield value("changes/trust.json", str(layout.trust), lambda: _trust(scene))
    log = below_root(scene, layout.os_log)
    yield from copied(scene, log, "changes/os-upgrade.log", cap=_LOG_CAP, newest=True)


def _deployments(scene: Scene) -> object:
    """What can't be read is told in `problem`: just then somebody wants to see the rest."""
    layout = scene.layout
    store = Deployments(layout, scene.host.clock)
    found: dict[str, object] = {"active": None, "deployments": []}
    try:
        active = store.active()
        found["active"] = active.number if active else None
        found["deployments"] = [
            {"standing": each.standing, **msgspec.structs.asdict(each.deployment)}
            for each in store.listed()
        ]
    except (CaretakerError, FileFailure, OSError) as error:
        found["problem"] = str(error)
    found["links"] = {
        str(path): glance.link(layout.root, below_root(scene, path))
        for path in (layout.active, layout.current)
    }
    for name, path in (("generations", layout.generations), ("releases", layout.releases)):
        entries = glance.entries(layout.root, below_root(scene, path))
        found[name] = [{"name": each.name, "modified": each.modified} for each in entries]
    return found


def _migrations(scene: Scene) -> object:
    """Those that the running release brings; what was applied, stores and ledger tell."""
    try:
        record = record_of(scene.layout.current)
    except CaretakerError as error:
        return {"release": [], "problem": error.message}
    brought = record.migrations if record else ()
    return {
        "release": [
            {"number": each.number, "folder": each.folder, "stores": each.stores}
            for each in brought
        ],
        "version": record.version if record else "",
        "supported_until": record.supported_until if record else "",
    }


def _trust(scene: Scene) -> object:
    layout = scene.layout
    found: dict[str, object] = {
        "keys": list(_listed(glance.entries(layout.root, below_root(scene, layout.keys)))),
        "trust": list(_listed(glance.entries(layout.root, below_root(scene, layout.trust)))),
    }
    try:
        # Loads what verifies releases: too much for every bundle's start.
        from agent.release.trust import Store

        marks = [file.load(aside=False) for file in Store(layout.trust).marks]
    except (FileFailure, OSError) as error:
        return {**found, "problem": str(error)}
    return {**found, "marks": [each for each in marks if each is not None]}


def _listed(entries: Iterable[Seen]) -> Iterator[dict[str, object]]:
    for each in entries:
        yield {"name": each.name, "size": each.size, "modified": each.modified}


def guess(scene: Scene) -> int:
    numbers = glance.entries(scene.layout.root, below_root(scene, scene.layout.deployments))
    log = glance.look(scene.layout.root, below_root(scene, scene.layout.os_log))
    return 3000 + 500 * len(numbers) + min(log.size if log else 0, _LOG_CAP)


COLLECTOR = Collector(
    code="changes",
    title="upgrades, deployments, releases, trust",
    reads="change.json, deployments, releases, trust, boots.json, os-upgrade.log",
    sources=sources,
    guess=guess,
    cap=2 << 20,
    priority=FIRST,
)
