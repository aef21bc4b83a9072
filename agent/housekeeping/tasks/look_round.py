"""`look-round`: what no check sees is looked for once an hour, and its remedy called.

Owns which remedies those are. Refuses to mend anything itself: on systemd each remedy runs in its
own unit, with its own rights, budget and safe mode.
"""

from __future__ import annotations

import msgspec

from agent.errors import BusyError, CaretakerError
from agent.host import files
from agent.host.failures import HostFailure
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule
from agent.modes import MAINTENANCE
from agent.status import NO_SENSE, ModeReport

# Disks have checks, but only those that the vendor declared one for.
REMEDIES = ("state", "paths", "packages", "readonly", "credentials", "disk")
# It runs tasks itself, one of which we are, so nobody waits for it: on systemd only.
_NOT_WAITED_FOR = ("disk",)

_TIMEOUT = 840.0  # seconds: above what the unit of a remedy may take


class _Report(msgspec.Struct):
    """The part of status.json that counts here."""

    modes: list[ModeReport] = []


def run(chores: Chores) -> Done:
    # A remedy runs tasks, and this task runs remedies; neither needs the other's code before.
    from agent.remedies.roster import REMEDIES as ALL
    from agent.remedies.scene import open_scene

    if not chores.dry and _maintained(chores):
        return Done(summary="in maintenance: a person works on the machine, nothing runs by itself")
    scene = open_scene(chores.manifest, chores.layout, host=chores.host)
    lines: list[str] = []
    problems: list[str] = []
    found = 0
    for remedy in ALL:
        if remedy.name not in _wanted(chores):
            continue
        try:
            faults = remedy.find(scene)
            found += len(faults)
            lines += [f"{remedy.name}: {fault.summary}" for fault in faults]
            if faults and not chores.dry:
                _call(chores, remedy.name)
        except BusyError as busy:
            lines.append(f"{remedy.name}: left for the next time: {busy.message}")
        except (CaretakerError, HostFailure, OSError) as error:
            problems.append(f"{remedy.name}: {error}")
    summary = f"{found} found, remedies called" if found else "nothing is wrong"
    return Done(summary=summary, items=found, lines=tuple(lines), problems=tuple(problems))


def _maintained(chores: Chores) -> bool:
    """As the daemon last said; where it has not, no maintenance is known of."""
    try:
        report = msgspec.json.decode(files.read_bytes(chores.layout.status), type=_Report)
    except (FileNotFoundError, HostFailure, *NO_SENSE):
        return False
    now = chores.host.clock.wall()
    return any(
        mode.name == MAINTENANCE and (mode.until is None or mode.until > now)
        for mode in report.modes
    )


def _wanted(chores: Chores) -> tuple[str, ...]:
    apart = _on_systemd(chores)
    return tuple(
        name
        for name in REMEDIES
        if name not in chores.manifest.remediation.off and (apart or name not in _NOT_WAITED_FOR)
    )


def _on_systemd(chores: Chores) -> bool:
    return not chores.layout.embedded and chores.host.systemd.booted()


def _call(chores: Chores, name: str) -> None:
    """Run the remedy by its rules; what comes of it stands in the ledger. Raises BusyError."""
    if _on_systemd(chores):
        wait = ["--no-block"] if name in _NOT_WAITED_FOR else []
        unit = f"caretaker-remedy@{name}.service"
        done = chores.host.systemd.control("start", *wait, unit, timeout=_TIMEOUT)
        if not done.ok:
            raise HostFailure(done.reason)
        return
    from agent.remedies.mend import run as mend
    from agent.remedies.roster import REMEDIES as ALL
    from agent.remedies.round import Asker
    from agent.remedies.scene import open_scene

    scene = open_scene(chores.manifest, chores.layout, host=chores.host)
    mend([each for each in ALL if each.name == name], scene, Asker("housekeeping"))


TASK = Task(
    name="look-round",
    title="what no check sees: packages, folders, files of Caretaker's own",
    schedule=Schedule(calendar="hourly", jitter=Duration(600), persistent=False),
    run=run,
    timeout=4 * _TIMEOUT,
)
