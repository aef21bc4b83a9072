"""Secrets that go with a generation of data, kept until that generation is in use.

Data that was written with a secret is of no use beside another one. So a restore notes the
backup's secrets for the deployment it makes, and today's for the one it leaves; whichever is active
when the services are about to start gets its own, once. What is changed later stays changed.

Owns these notes (0600, root's) and putting them in place. Refuses secrets that the manifest does
not name.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from agent.host import files
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.state import StateFile


class Pending(Struct, frozen=True):
    """Values by name, for one deployment."""

    secrets: dict[str, str]


def home(layout: Layout) -> Path:
    return layout.state / "secrets-back"


def note(layout: Layout, manifest: Manifest, number: int, secrets: dict[str, str]) -> None:
    """Keep these for a deployment. Raises FileFailure."""
    named = {name: value for name, value in secrets.items() if name in manifest.secrets}
    if named:
        files.ensure_folder(home(layout), mode=0o700)
        _file(layout, number).save(Pending(named))


def now(layout: Layout, manifest: Manifest) -> dict[str, str]:
    """The secrets of this machine as they are. Raises FileFailure."""
    return read(layout.secrets, tuple(manifest.secrets))


def read(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = files.read_bytes(folder / name, cap=1 << 16).decode()
        except (FileNotFoundError, UnicodeDecodeError):
            continue
    return found


def settle(layout: Layout, manifest: Manifest, number: int) -> list[str]:
    """Put in place what waits for this deployment; which changed. FileFailure."""
    waiting = _file(layout, number).load()
    if waiting is None:
        return []
    changed = []
    current = now(layout, manifest)
    for name, value in waiting.secrets.items():
        if name in manifest.secrets and current.get(name) != value:
            files.ensure_folder(layout.secrets, mode=0o700)
            files.replace(layout.secrets / name, value.encode(), mode=0o600)
            changed.append(name)
    files.remove(_file(layout, number).path)
    return changed


def forget_others(layout: Layout, there: set[int]) -> None:
    """Notes for deployments that are no more. Raises FileFailure."""
    for path in sorted(home(layout).glob("*.json")):
        if path.stem.isdecimal() and int(path.stem) not in there:
            files.remove(path)


def _file(layout: Layout, number: int) -> StateFile[Pending]:
    return StateFile(home(layout) / f"{number}.json", Pending, mode=0o600)
