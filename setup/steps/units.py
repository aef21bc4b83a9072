"""Step: systemd units, as the manifest asks for them; written, known to systemd, enabled.

Owns Caretaker's own fixed files, and that a running unit whose file changes is noted for a restart.
Refuses to start anything, and to make up what the manifest asks for (`agent/change/derived.py`).
"""

from __future__ import annotations

from pathlib import Path

from agent.change import derived
from agent.change.derived import Wanted
from agent.errors import MachineError
from agent.host import files
from agent.host.unit_facts import UnitFacts, read_units
from agent.housekeeping.open import note_tasks
from agent.values import values_for
from setup import restarts
from setup.places import ENABLED, systemd_files
from setup.site import Site
from setup.step import ON_A_MACHINE, Kind, Look, Step, Thing

JOURNAL = "systemd-journald.service"
_UNIT_KINDS = (".service", ".socket", ".target", ".timer", ".path", ".mount")


def wanted_files(site: Site) -> list[Wanted]:
    """Every file of systemd's that setup writes. Raises ManifestError and FileFailure."""
    layout, manifest = site.layout, site.manifest
    values = values_for(manifest, layout)
    return [*_static(site), *derived.derived_files(manifest, layout, values)]


def enabled_units(site: Site) -> tuple[str, ...]:
    return (*ENABLED, *derived.enabled_units(site.manifest))


def look(site: Site) -> Look:
    wanted = wanted_files(site)
    facts = read_units([*enabled_units(site), *_units(wanted)])
    changed = [each for each in wanted if not derived.stands(each)]
    needs = [f"file {each.path}{_then(site, each, facts)}" for each in changed]
    orphans = derived.orphans(site.layout, wanted)
    needs += [f"remove {path}, which nothing asks for any more" for path in orphans]
    if any(each.reload_needed for each in facts.values()):
        needs.append("systemctl daemon-reload")
    needs += [f"enable {name}" for name in enabled_units(site) if not facts[name].is_enabled]
    return Look(f"{len(wanted)} files, {len(enabled_units(site))} units enabled", tuple(needs))


def apply(site: Site) -> str:
    wanted = wanted_files(site)
    changed = [each for each in wanted if not derived.stands(each)]
    before = read_units([*enabled_units(site), *_units(changed)])
    _note(site, _units(changed), before)
    for each in changed:
        derived.write(each)
    # What began since may have read some of the old files.
    known = [name for name in _units(changed) if before[name].exists]
    _note(site, known, read_units(known))
    orphans = derived.orphans(site.layout, wanted)
    for path in orphans:
        if path.parent == site.layout.units:
            _control(site, "disable", "--now", path.name)
        files.remove(path)
    off = [name for name in enabled_units(site) if not before[name].is_enabled]
    if off:
        # From the same moment as systemd will, which reckons a new timer from its start.
        note_tasks(site.manifest, site.layout, site.host)
    # What [Install] of a new file says is done again; what it said before stays.
    again = {each.path.name for each in changed}
    wanting = [name for name in enabled_units(site) if name in off or name in again]
    if wanting:
        # systemd reads everything anew after it (systemctl(1), --no-reload): once, since a reload
        # costs as much as starting a service.
        _control(site, "enable", *wanting)
    else:
        # Always, and not only after a change: a run may have been killed right before it.
        _control(site, "daemon-reload")
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
    """The unit that reads a fixed file at its start."""
    return JOURNAL if path.parent.name == "journald.conf.d" else derived.unit_of(path)


def _then(site: Site, wanted: Wanted, facts: dict[str, UnitFacts]) -> str:
    if not wanted.unit or not facts[wanted.unit].is_active:
        return ""
    return restarts.forecast(site.layout, wanted.unit, restarts.RESTART, _run(facts[wanted.unit]))


def _note(site: Site, units: list[str], facts: dict[str, UnitFacts]) -> None:
    for name in units:
        restarts.note(site.layout, name, run=_run(facts[name]))


def _run(facts: UnitFacts) -> str:
    return facts.invocation if facts.is_active else ""


def _units(wanted: list[Wanted]) -> list[str]:
    return list(dict.fromkeys(each.unit for each in wanted if each.unit))


def _control(site: Site, verb: str, *words: str) -> None:
    done = site.host.systemd.control(verb, *words)
    if not done.ok:
        raise MachineError(
            "command-failed", f"systemctl {verb}: {done.reason}", hint="systemctl status"
        )


UNITS = Step("units", "units", look, apply, things, ON_A_MACHINE, blocks=False)
