"""Files derived from a manifest on a machine with systemd: units, drop-ins, timers, secrets' own.

Owns which files stand where, whether they do, and which are nobody's any more. Setup and every
change go by it. Refuses what is in them (`agent.services.units`, `agent.housekeeping.timers`), and
Caretaker's own fixed units, which come with the tool.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import files, permissions
from agent.host.failures import FileFailure
from agent.housekeeping import tmpfiles
from agent.housekeeping.timers import task_units, timer_names
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.services.names import target_name, unit_name
from agent.services.units import environment_files, unit_files

_MARK = b"Written by Caretaker"
_SECRET = 0o600


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that must stand as it is here, root's. `unit`: what must restart when it changes."""

    path: Path
    content: bytes
    mode: int
    unit: str = ""


def derived_files(manifest: Manifest, layout: Layout, values: Values) -> list[Wanted]:
    """Every file that the manifest asks for, secrets' environment files last.

    A secret that is not made yet leaves its file out. Raises ManifestError and FileFailure.
    """
    tidy = tmpfiles.rules(manifest, layout, values)
    found = [
        Wanted(each.path, each.text.encode(), each.mode, unit_of(each.path))
        for each in (
            *unit_files(manifest, layout, values),
            *task_units(manifest, layout, values),
            *([tidy] if tidy else []),
        )
    ]
    try:
        secret = environment_files(manifest, layout, values)
    except MachineError:
        secret = ()  # On a bare machine; secrets are made before this.
    for each in secret:
        unit = unit_name(manifest, each.path.stem)
        found.append(Wanted(each.path, each.text.encode(), each.mode, unit))
    return found


def enabled_units(manifest: Manifest) -> tuple[str, ...]:
    """What the manifest wants started at boot, besides Caretaker's own."""
    return (target_name(manifest), *timer_names(manifest))


def unit_of(path: Path) -> str:
    """The service that reads a file at its start; empty where none has to restart for it.

    Sockets and templates serve one request a process: the next one reads the new file.
    """
    name = path.parent.name.removesuffix(".d") if path.parent.suffix == ".d" else path.name
    return name if name.endswith(".service") and "@" not in name else ""


def stands(wanted: Wanted) -> bool:
    facts = permissions.read(wanted.path)
    if facts is None or facts.mode != wanted.mode or facts.owner != (0, 0):
        return False
    try:
        return files.read_bytes(wanted.path) == wanted.content
    except (FileNotFoundError, FileFailure):
        return False


def write(wanted: Wanted) -> None:
    """Put it in place, durably. Raises FileFailure."""
    files.ensure_folder(wanted.path.parent, mode=0o700 if wanted.mode == _SECRET else 0o755)
    files.replace(wanted.path, wanted.content, mode=wanted.mode, owner=(0, 0))


def orphans(layout: Layout, wanted: list[Wanted]) -> list[Path]:
    """Units of services, timers, and drop-ins of one-shots, that the manifest no longer has."""
    keep = {each.path for each in wanted}
    units = layout.units
    found = sorted(units.glob(f"{layout.app}-*.service"))
    found += sorted(units.glob("caretaker-task@*.timer"))
    for template in ("remedy", "task"):
        found += sorted(units.glob(f"caretaker-{template}@*.service.d/10-appliance.conf"))
    found.append(tmpfiles.rules_path(layout))
    return [path for path in found if path not in keep and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in files.read_bytes(path)[:1000]
    except (FileNotFoundError, FileFailure):
        return False
