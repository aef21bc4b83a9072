"""Which running thing still runs with what was there before: notes that survive a kill.

Owns a note for each, written *before* its files change and naming the very run that must end.
Whatever happens in between, the note stays true: once that run is over it says nothing any more.
Refuses to restart (`steps/start.py`), and to import anything but the standard library.
"""

from __future__ import annotations

from pathlib import Path

from agent.host import files, lock
from agent.host.facts import Facts
from agent.host.failures import FileFailure, HostFailure
from agent.host.unit_facts import read_units
from agent.layout import Layout

AGENT_UNIT = "caretaker.service"
RESTART, RELOAD = "restart", "reload"


def note(layout: Layout, unit: str, verb: str = RESTART, run: str | None = None) -> None:
    """Remember that the present run of a unit must make way. FileFailure.

    `run` is that run where the caller knows it already. In embedded mode the agent is the only
    unit, and its services go with it.
    """
    run = current_run(layout, unit) if run is None else run
    if not run or pending(layout, unit, run) == RESTART:
        return
    files.ensure_folder(_folder(layout))
    files.replace(_folder(layout) / _name(layout, unit), f"{run}\n{verb}\n".encode())


def pending(layout: Layout, unit: str, run: str | None = None) -> str:
    """What the present run of a unit still waits for: `restart`, `reload`, or nothing.

    `run` is that run where the caller knows it already.
    """
    try:
        noted = files.read_bytes(_folder(layout) / _name(layout, unit)).decode()
    except (FileNotFoundError, FileFailure):
        return ""
    noted_run, _, verb = noted.strip().partition("\n")
    if not noted_run:
        return ""
    now = current_run(layout, unit) if run is None else run
    return verb if noted_run == now else ""


def forecast(layout: Layout, unit: str, verb: str = RESTART, run: str | None = None) -> str:
    """What a plan says of a unit whose files would change; nothing where it does not run."""
    now = current_run(layout, unit) if run is None else run
    if not now:
        return ""
    return f", then {verb} {'the agent and its services' if layout.embedded else unit}"


def settle(layout: Layout, unit: str) -> None:
    """Forget the note: what it asked for was done. FileFailure."""
    files.remove(_folder(layout) / _name(layout, unit))


def current_run(layout: Layout, unit: str) -> str:
    """A name for the present run of a unit, never used twice; empty where it does not run."""
    if layout.embedded:
        return _agent_run(layout)
    try:
        facts = read_units([unit])[unit]
    except HostFailure:
        return ""
    return facts.invocation if facts.is_active else ""


def _agent_run(layout: Layout) -> str:
    pid = lock.holder_pid(layout.daemon_lock)
    process = Facts().process(pid) if pid else None
    # A pid comes back, but never with the same start time.
    return f"{process.pid}-{process.started}" if process else ""


def _folder(layout: Layout) -> Path:
    return layout.setup_report.parent / "waiting"


def _name(layout: Layout, unit: str) -> str:
    return AGENT_UNIT if layout.embedded else unit
