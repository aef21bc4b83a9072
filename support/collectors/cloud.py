"""`cloud`: which cloud the machine is in, and whether cloud-init ended well, as it noted itself.

Owns the few facts that are taken out of the instance's metadata. Refuses user data, vendor data and
the sensitive file, which hold passwords and keys; and asks no metadata service.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent.host import glance
from agent.host.failures import FileFailure
from agent.status import NO_SENSE
from support.collectors.collector import LATER, Collector, Source
from support.collectors.document import copied, value
from support.scene import Scene

# /run is gone on a disk that does not boot; the copies below /var/lib stay.
_RUN, _KEPT = "/run/cloud-init", "/var/lib/cloud/data"
_INSTANCE = f"{_RUN}/instance-data.json"
_CAP = 2 << 20
# Name here -> its names in cloud-init's `v1` (instance-data's documented, stable keys).
_FACTS = (
    ("cloud", "cloud_name"), ("platform", "platform"), ("platform_detail", "subplatform"),
    ("region", "region"), ("zone", "availability_zone"), ("instance_id", "instance_id"),
    ("hostname", "local_hostname"), ("distro", "distro"), ("distro_release", "distro_release"),
    ("distro_version", "distro_version"), ("kernel", "kernel_release"), ("machine", "machine"),
)  # fmt: skip
_TYPES = ("instance-type", "instance_type", "vmSize", "machine-type", "machine_type", "flavor")
_IMAGES = ("ami-id", "image_id", "image-id", "imageReference", "image")


def sources(scene: Scene) -> Iterable[Source]:
    root = scene.layout.root
    for name in ("status", "result"):
        path = next((f"{at}/{name}.json" for at in (_RUN, _KEPT)
                     if glance.look(root, f"{at}/{name}.json")), "")  # fmt: skip
        if path:
            yield from copied(scene, path, f"cloud/{name}.json")
    if glance.look(root, _INSTANCE) or glance.look(root, f"{_KEPT}/instance-id"):
        yield value("cloud/instance.json", _INSTANCE, lambda: _instance(scene))


def _instance(scene: Scene) -> object:
    root = scene.layout.root
    try:
        content = glance.read(root, _INSTANCE, cap=_CAP)
        told = msgspec.json.decode(content, type=dict[str, object])
    except (OSError, FileFailure, *NO_SENSE) as error:
        return {**_kept(scene), "problem": f"{_INSTANCE}: {error}"}
    facts = told.get("v1")
    known = facts if isinstance(facts, dict) else {}
    found = {name: _word(known.get(key)) for name, key in _FACTS}
    metadata = told.get("ds")
    return {
        **found,
        "instance_type": _deep(metadata, _TYPES),
        "image": _deep(metadata, _IMAGES),
        "datasource": _text(scene, "/var/lib/cloud/instance/datasource"),
    }


def _kept(scene: Scene) -> dict[str, object]:
    return {
        "instance_id": _text(scene, f"{_KEPT}/instance-id"),
        "datasource": _text(scene, "/var/lib/cloud/instance/datasource"),
    }


def _text(scene: Scene, path: str) -> str | None:
    try:
        return glance.read(scene.layout.root, path, cap=500).decode(errors="replace").strip()
    except (OSError, FileFailure):
        return None


def _word(content: object) -> str | None:
    return content[:200] if isinstance(content, str) and content else None


def _deep(content: object, names: tuple[str, ...], depth: int = 0) -> str | None:
    """The first plain word under one of the names; each cloud nests them elsewhere."""
    if not isinstance(content, dict) or depth > 4:
        return None
    for name in names:
        if found := _word(content.get(name)):
            return found
    for below in content.values():
        if found := _deep(below, names, depth + 1):
            return found
    return None


def guess(scene: Scene) -> int:
    return 3000 if glance.look(scene.layout.root, _INSTANCE) else 0


COLLECTOR = Collector(
    code="cloud",
    title="cloud, instance, how cloud-init ended",
    reads="cloud-init's status, result, and a few facts of instance-data.json",
    sources=sources,
    guess=guess,
    cap=256 << 10,
    priority=LATER,
)
