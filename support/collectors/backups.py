"""`backups`: which there are, where they go, and when the last one was made.

Owns the list as the folder beside them tells it. Refuses to open restic's repositories: that takes
a second of processor, and for a remote one the network; the ledger says how its backups went.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.backup import place
from agent.backup.place import Place
from agent.errors import CaretakerError
from agent.host import glance
from agent.host.failures import FileFailure, HostFailure
from agent.ledger import last_done
from agent.manifest.model import Manifest
from agent.remedies.scene import open_scene
from support.collectors.collector import LATER, Collector, Source
from support.collectors.document import below_root, value
from support.scene import Scene

_MOST = 500


def sources(scene: Scene) -> Iterable[Source]:
    manifest = scene.manifest
    if manifest is not None:
        yield value("backups/backups.json", "caretaker backup", lambda: _told(scene, manifest))


def _told(scene: Scene, manifest: Manifest) -> object:
    layout = scene.layout
    told: dict[str, object] = {"backups": None, "problem": ""}
    try:
        told["last"] = last_done(layout.ledger, "backup")
        where = place.place_of(manifest.backup, layout)
        told |= {"place": where.shown, "remote": where.remote, "chosen": where.chosen}
        told |= _listed(scene, manifest, where)
    except (CaretakerError, FileFailure, HostFailure, OSError) as error:
        told["problem"] = str(error)
    return told


def _listed(scene: Scene, manifest: Manifest, where: Place) -> dict[str, object]:
    if where.remote:
        return {"kind": "restic"}
    path = below_root(scene, where.folder)
    if scene.rescue and path == str(where.folder):
        return {"problem": "it stands on a disk that is not this one"}
    entries = glance.entries(scene.layout.root, path)
    if any(each.name == "config" for each in entries):
        return {"kind": "restic"}
    if not entries:
        return {"kind": "", "backups": []}
    place.safe_folder(where.folder)
    inside = open_scene(manifest, scene.layout, host=scene.host)
    # Loads the database's library: too much for every bundle's start.
    from agent.backup import archives

    return {"kind": archives.KIND, "backups": archives.Archives(inside, where).listed()[-_MOST:]}


def guess(scene: Scene) -> int:
    folder = below_root(scene, scene.layout.backups)
    return 200 + 250 * len(glance.entries(scene.layout.root, folder)) // 2


COLLECTOR = Collector(
    code="backups",
    title="backups",
    reads="the list beside them, the ledger",
    sources=sources,
    guess=guess,
    cap=1 << 20,
    priority=LATER,
)
