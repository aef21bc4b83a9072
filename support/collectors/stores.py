"""The manifest's SQLite stores: how large, and whether they are sound.

Owns running the look as each file's owner. Refuses to open one as root, and on another machine's
disk: what SQLite makes beside it would be root's too, or would change the evidence.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec

from agent.errors import CaretakerError
from agent.host import glance, sqlite_look, users
from agent.host.accounts import is_root
from agent.host.glance import Seen
from agent.manifest.placeholders import expand
from agent.values import values_for
from support.collectors.document import below_root
from support.scene import Scene

_PATIENCE = 2.0  # seconds for all of a file
_LARGEST = 512 << 20  # bytes; what is larger would not be read in that time


def stores(scene: Scene) -> Iterator[dict[str, object]]:
    assert scene.manifest is not None
    values = values_for(scene.manifest, scene.layout)
    for name, store in scene.manifest.stores.items():
        told: dict[str, object] = {"store": name, "path": store.path}
        try:
            path = below_root(scene, expand(store.path, values))
        except CaretakerError as error:
            yield {**told, "sound": None, "why": error.message}
            continue
        root = scene.layout.root
        seen = glance.look(root, path)
        if seen is None or not seen.is_file:
            yield {**told, "path": path, "sound": None, "why": "there is no such file"}
            continue
        wal = glance.look(root, f"{path}-wal")
        yield {
            **told,
            "path": path,
            "size": seen.size,
            "modified": seen.modified,
            "mode": seen.permissions,
            "wal": wal.size if wal else 0,
            **_look(scene, path, seen),
        }


def _look(scene: Scene, path: str, seen: Seen) -> dict[str, object]:
    why = _why_not(scene, seen)
    if why:
        return {"sound": None, "why": why}
    owner = users.name_of(seen.uid) if is_root() else ""
    place = str(scene.layout.root / path.lstrip("/"))
    argv = [sys.executable, "-I", "-S", sqlite_look.__file__, place, str(_PATIENCE)]
    done = scene.host.run(argv, timeout=_PATIENCE + 2, user=owner)
    try:
        return msgspec.json.decode(done.stdout, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError):
        return {"sound": None, "why": done.reason}


def _why_not(scene: Scene, seen: Seen) -> str:
    if scene.rescue:
        return "not looked into on another machine's disk"
    if seen.size > _LARGEST:
        return "too large to be read in time"
    if is_root() and not scene.layout.embedded and (seen.uid == 0 or not users.name_of(seen.uid)):
        return "it belongs to root, or to nobody, and is not opened as root"
    return ""
