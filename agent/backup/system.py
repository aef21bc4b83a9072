"""What belongs to the data but does not stand in it: deployment, manifest, settings, secrets, TLS.

Owns gathering it into a backup's folder, 0600, since it holds secrets: data that was written with
a secret is of no use beside another one. Refuses Caretaker's own state and the backup's password.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from agent.backup.record import SYSTEM
from agent.deployment import RECORD, Deployment
from agent.host import files
from agent.host.failures import FileFailure
from agent.migrations.run import brought_by
from agent.remedies.remedy import Scene
from agent.tls import placing

_CAP = 4 << 20  # bytes of one of these files
SECRETS, TLS = "secrets", "tls"
_PAIR = ("cert.pem", "key.pem", "chain.pem")


def gather(
    scene: Scene, active: Deployment, more: Path
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Sums by path, and the names of secrets and of the customer's certificates. FileFailure."""
    layout, home = scene.layout, more / SYSTEM
    sums: dict[str, str] = {}
    here = layout.deployments / str(active.number)
    _take(here / RECORD, home / RECORD, sums)
    _take(layout.manifest, home / "appliance.toml", sums)
    _take(layout.settings, home / "settings.toml", sums)
    secrets = tuple(
        name
        for name in scene.manifest.secrets
        if _take(layout.secrets / name, home / SECRETS / name, sums)
    )
    certificates = tuple(
        name for name in scene.manifest.certificates if _take_pair(scene, name, home, sums)
    )
    return sums, secrets, certificates


def applied(scene: Scene, active: Deployment) -> tuple[int, ...]:
    """Migrations that this data has been through, as its release tells."""
    return tuple(mark.number for mark in brought_by(active, scene.layout))


def _take_pair(scene: Scene, name: str, home: Path, sums: dict[str, str]) -> bool:
    """Only one that the customer brought: the others are made anew where they are missing."""
    place = scene.layout.certificate(name)
    if not placing.brought_by_customer(place.parent):
        return False
    real = place.resolve()
    taken = [_take(real / each, home / TLS / name / each, sums) for each in _PAIR]
    return any(taken)


def _take(source: Path, target: Path, sums: dict[str, str]) -> bool:
    try:
        content = files.read_bytes(source, cap=_CAP)
    except FileNotFoundError:
        return False
    if not content:
        raise FileFailure(source, "read", "it is empty")
    for folder in (target.parent.parent, target.parent):
        files.ensure_folder(folder, mode=0o700)
    files.replace(target, content, mode=0o600)
    path = str(target.relative_to(next(p for p in target.parents if p.name == SYSTEM).parent))
    sums[path] = hashlib.sha256(content).hexdigest()
    return True
