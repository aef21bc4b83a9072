"""`caretaker`: the tool itself: versions, what its tasks and remedies remember, locks, quarantine.

Owns which of its state files are copied. Refuses keys, the map of pseudonyms, and what it was shown
of secrets.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata

import msgspec

from agent.host import glance, lock
from agent.host.failures import FileFailure
from agent.status import NO_SENSE
from agent.version import version
from support.collectors.collector import SOON, Collector, Source
from support.collectors.document import below_root, copied, value
from support.scene import Scene

_IMAGE_CAP = 64 << 20


class _Image(msgspec.Struct, frozen=True):
    """What of image.json is told; its digests of files are not."""

    at: float
    appliance: str
    version: str
    system: str
    folders: list[str]


def sources(scene: Scene) -> Iterable[Source]:
    layout = scene.layout
    yield value("caretaker/versions.json", "", lambda: _versions(scene))
    for name, path in (
        ("tasks", layout.tasks),
        ("remedies", layout.remedies),
        ("left-stopped", layout.left_stopped),
        ("setup", layout.setup_report),
        ("tls", layout.tls_state),
        ("asked", layout.asked),
    ):
        yield from copied(scene, below_root(scene, path), f"caretaker/{name}.json")
    if not scene.rescue:
        yield value("caretaker/locks.json", "flock(2)", lambda: list(_locks(scene)))
    yield value("caretaker/quarantine.json", "quarantine", lambda: list(_quarantine(scene)))
    if glance.look(layout.root, below_root(scene, layout.image)):
        yield value("caretaker/drift.json", str(layout.image), lambda: _drift(scene))


def _versions(scene: Scene) -> object:
    """Of this process; in rescue that is the rescuer's, and the disk's own stands in `tools`."""
    layout = scene.layout
    tools = glance.entries(layout.root, f"{below_root(scene, layout.tool)}/tools")
    packages = {
        str(each.metadata["Name"]): each.version
        for each in sorted(metadata.distributions(), key=lambda one: str(one.metadata["Name"]))
    }
    told: dict[str, object] = {
        "caretaker": version(),
        "python": platform.python_version(),
        "prefix": sys.prefix,
        "tools": [each.name for each in tools],
        "tool": glance.link(layout.root, f"{below_root(scene, layout.tool)}/tool"),
    }
    return told if scene.rescue else {**told, "packages": packages}


def _locks(scene: Scene) -> Iterator[dict[str, object]]:
    layout = scene.layout
    names = [each.name for each in glance.entries(layout.root, below_root(scene, layout.state))]
    paths = [layout.state / name for name in names if name.endswith(".lock")]
    for path in [*paths, layout.daemon_lock]:
        told: dict[str, object] = {"path": below_root(scene, path), "held": None, "holder": ""}
        try:
            told["held"] = lock.held(path)
            if told["held"]:
                holder = glance.read(layout.root, below_root(scene, path), cap=200)
                told["holder"] = holder.decode(errors="replace").strip()
        except (FileFailure, OSError) as error:
            told["problem"] = str(error)
        yield told


def _quarantine(scene: Scene) -> Iterator[dict[str, object]]:
    layout = scene.layout
    folders = [layout.state_quarantine, layout.run_quarantine]
    for folder in [layout.quarantine, *folders] if layout.app else folders:
        path = below_root(scene, folder)
        for each in glance.entries(layout.root, path):
            yield {
                "folder": path,
                "name": each.name,
                "size": each.size,
                "modified": each.modified,
            }


def _drift(scene: Scene) -> object:
    layout = scene.layout
    cache = glance.look(layout.root, below_root(scene, layout.drift_cache))
    known = {"size": cache.size, "modified": cache.modified} if cache else None
    try:
        content = glance.read(layout.root, below_root(scene, layout.image), cap=_IMAGE_CAP)
        return {"image": msgspec.json.decode(content, type=_Image), "cache": known}
    except NO_SENSE as error:
        return {"image": None, "cache": known, "problem": str(error)}


def guess(scene: Scene) -> int:
    layout = scene.layout
    seen = [glance.look(layout.root, below_root(scene, path))
            for path in (layout.tasks, layout.remedies, layout.setup_report)]  # fmt: skip
    return 3000 + sum(each.size for each in seen if each)


COLLECTOR = Collector(
    code="caretaker",
    title="Caretaker's own state",
    reads="versions, tasks.json, remedies.json, locks, quarantine, image.json",
    sources=sources,
    guess=guess,
    cap=2 << 20,
    priority=SOON,
)
