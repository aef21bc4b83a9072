"""Step: systemd units, as the manifest asks for them; written, known to systemd, enabled.

Owns which files stand where and that a running unit whose file changes is noted for a restart.
Refuses to start anything, and to make up what is in a unit (`agent/services/units.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import files, permissions
from agent.host.failures import FileFailure
from agent.host.unit_facts import UnitFacts, read_units
from agent.housekeeping import tmpfiles
from agent.housekeeping.open import note_tasks
from agent.housekeeping.timers import task_units, timer_names
from agent.services.names import target_name, unit_name
from agent.services.units import environment_files, unit_files
from agent.values import values_for
from setup import restarts
from setup.places import ENABLED, systemd_files
from setup.site import Site
from setup.step import ON_A_MACHINE, Kind, Look, Step, Thing

JOURNAL = "systemd-journald.service"
_UNIT_KINDS = (".service", ".socket", ".target", ".timer", ".path", ".mount")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that must stand as it is here, root's. `unit`: what must restart when it changes."""

    path: Path
    content: bytes
    mode: int
    unit: str = ""


def wanted_files(site: Site) -> list[Wanted]:
    """Every file of systemd's that setup writes, secrets' environment files last.

    A secret that is not made yet leaves its file out. Raises ManifestError and FileFailure.
    """
    layout, manifest = site.layout, site.manifest
    values = values_for(manifest, layout)
    found = _static(site)
    tidy = tmpfiles.rules(manifest, layout, values)
    for each in (
        *unit_files(manifest, layout, values),
        *task_units(manifest, layout, values),
        *([tidy] if tidy else []),
    ):
        found.append(Wanted(each.path, each.text.encode(), each.mode, _unit_of(each.path)))
    try:
        secret = environment_files(manifest, layout, values)
    except MachineError:
        secret = ()  # On a bare machine; the secrets step comes before this one.
    for each in secret:
        unit = unit_name(manifest, each.path.stem)
        found.append(Wanted(each.path, each.text.encode(), each.mode, unit))
    return found


def enabled_units(site: Site) -> tuple[str, ...]:
    return (*ENABLED, target_name(site.manifest), *timer_names(site.manifest))


def look(site: Site) -> Look:
    wanted = wanted_files(site)
    facts = read_units([*enabled_units(site), *_units(wanted)])
    needs = [f"file {each.path}{_then(site, each, facts)}" for each in wanted if not _stands(each)]
    needs += [f"remove {path}, which nothing asks for any more" for path in _orphans(site, wanted)]
    if any(each.reload_needed for each in facts.values()):
        needs.append("systemctl daemon-reload")
    needs += [f"enable {name}" for name in enabled_units(site) if not facts[name].is_enabled]
    return Look(f"{len(wanted)} files, {len(enabled_units(site))} units enabled", tuple(needs))


def apply(site: Site) -> str:
    wanted = wanted_files(site)
    changed = [each for each in wanted if not _stands(each)]
    for each in changed:
        if each.unit:
            restarts.note(site.layout, each.unit)
        files.ensure_folder(each.path.parent, mode=_folder_mode(each))
        files.replace(each.path, each.content, mode=each.mode, owner=(0, 0))
    orphans = _orphans(site, wanted)
    for path in orphans:
        if path.parent == site.layout.units:
            _control(site, "disable", "--now", path.name)
        files.remove(path)
    # Always, and not only after a change: a run may have been killed right before it.
    _control(site, "daemon-reload")
    facts = read_units(enabled_units(site))
    off = [name for name, each in facts.items() if not each.is_enabled]
    if off:
        # From the same moment as systemd will, which reckons a new timer from its start.
        note_tasks(site.manifest, site.layout, site.host)
        _control(site, "enable", *off)
    parts = [f"wrote {len(changed)} files"] if changed else []
    parts += [f"removed {len(orphans)}"] if orphans else []
    parts += [f"enabled {len(off)} units"] if off else []
    return ", ".join(parts or ["daemon-reload"])


def things(site: Site) -> tuple[Thing, ...]:
    wanted = wanted_files(site)
    units, other = [], []
    for each in wanted:
        is_unit = each.path.parent == site.layout.units and each.path.suffix in _UNIT_KINDS
        if is_unit:
            units.append(Thing(Kind.UNIT, each.path.name))
            if each.path.suffix == ".timer":
                other.append(Thing(Kind.FILE, str(_stamp(site, each.path.name))))
        else:
            secret = each.mode == 0o600
            other.append(Thing(Kind.FILE, str(each.path), data=secret))
            if each.path.parent != site.layout.units and not secret:
                other.insert(0, Thing(Kind.FOLDER, str(each.path.parent)))
    return (*other, *units)


def _stamp(site: Site, timer: str) -> Path:
    """Where systemd keeps when a timer elapsed last (systemd.timer(5), Persistent=)."""
    return site.layout.root / "var/lib/systemd/timers" / f"stamp-{timer}"


def _static(site: Site) -> list[Wanted]:
    return [
        Wanted(there, files.read_bytes(path), 0o644, _unit_of(there))
        for there, path in systemd_files(site.tool, site.layout).items()
    ]


def _unit_of(path: Path) -> str:
    """The unit that reads a file at its start; empty where none has to restart for it.

    Sockets and templates serve one request a process: the next one reads the new file.
    """
    if path.parent.name == "journald.conf.d":
        return JOURNAL
    name = path.parent.name.removesuffix(".d") if path.parent.suffix == ".d" else path.name
    return name if name.endswith(".service") and "@" not in name else ""


def _then(site: Site, wanted: Wanted, facts: dict[str, UnitFacts]) -> str:
    if not wanted.unit or not facts[wanted.unit].is_active:
        return ""
    run = facts[wanted.unit].invocation
    return restarts.forecast(site.layout, wanted.unit, restarts.RESTART, run)


def _units(wanted: list[Wanted]) -> list[str]:
    return list(dict.fromkeys(each.unit for each in wanted if each.unit))


def _stands(wanted: Wanted) -> bool:
    facts = permissions.read(wanted.path)
    if facts is None or facts.mode != wanted.mode or facts.owner != (0, 0):
        return False
    try:
        return files.read_bytes(wanted.path) == wanted.content
    except (FileNotFoundError, FileFailure):
        return False


def _orphans(site: Site, wanted: list[Wanted]) -> list[Path]:
    """Units of services, timers, and drop-ins of one-shots, that the manifest no longer has."""
    keep = {each.path for each in wanted}
    units = site.layout.units
    found = sorted(units.glob(f"{site.app}-*.service"))
    found += sorted(units.glob("caretaker-task@*.timer"))
    for template in ("remedy", "task"):
        found += sorted(units.glob(f"caretaker-{template}@*.service.d/10-appliance.conf"))
    found.append(tmpfiles.rules_path(site.layout))
    return [path for path in found if path not in keep and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    try:
        return b"Written by Caretaker" in files.read_bytes(path)[:1000]
    except (FileNotFoundError, FileFailure):
        return False


def _folder_mode(wanted: Wanted) -> int:
    return 0o700 if wanted.mode == 0o600 else 0o755


def _control(site: Site, verb: str, *words: str) -> None:
    done = site.host.systemd.control(verb, *words)
    if not done.ok:
        raise MachineError(
            "command-failed", f"systemctl {verb}: {done.reason}", hint="systemctl status"
        )


UNITS = Step("units", "units", look, apply, things, ON_A_MACHINE)
