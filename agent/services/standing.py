"""How the services stand, for whoever would mend them: what needs help, and what is meant to be so.

Owns telling a service that failed from one that somebody stopped. On systemd a unit that is
`inactive` was stopped, or ended without a complaint; either way nobody knows better. One that is
`failed` was stopped too where it left `active` before its main process ended: a JVM ends with
status 143 then, and what does not heed SIGTERM is killed. Refuses to look at health, and to act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from agent.errors import MachineError
from agent.host.machine import Host
from agent.host.systemd import UnitState
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.services.crash_loop import STABLE, Limit, is_crash_loop, limit_of, since_it_lasted
from agent.services.left import LeftStopped, left_stopped
from agent.services.names import target_name, unit_name
from agent.services.order import start_order
from agent.services.protocol import Services, ServiceState
from agent.services.unit_journal import restarts_and_ends

Kind = Literal["up", "moving", "waits", "down", "looping", "left", "off", "unable"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One service. `words` say why, `since` in seconds since 1970 (0.0: unknown).

    `up`: it runs. `moving`: it starts or stops. `waits`: it ended and is about to be restarted.
    `down`: it failed. `looping`: it is restarted too often. `left`: it was left stopped for that.
    `off`: somebody stopped it. `unable`: nothing can start it, `hint` says what a person may do.
    """

    name: str
    kind: Kind
    words: str = ""
    since: float = 0.0
    hint: str = ""


def standings(
    manifest: Manifest, layout: Layout, host: Host, services: Services
) -> dict[str, Standing]:
    """By service, in the order in which they start. Raises MachineError where nobody answers."""
    if layout.embedded:
        return {name: _of_child(state) for name, state in services.states().items()}
    names = start_order(manifest.services)
    units = [unit_name(manifest, name) for name in names]
    try:
        *shown, target = host.systemd.show_all([*units, target_name(manifest)])
    except OSError as error:
        raise MachineError(
            "command-failed", f"systemd gives no answer: {error}", hint="systemctl status"
        ) from error
    if not target.is_active:
        return {name: Standing(name, "off", "the application is stopped") for name in names}
    left = left_stopped(layout.left_stopped)
    found = {}
    for name, unit in zip(names, shown, strict=True):
        found[name] = _of_unit(name, unit, left.get(name)) or _running(
            name, unit, limit_of(manifest), host
        )
    return found


def required_by(manifest: Manifest, name: str) -> set[str]:
    """All services that this one requires, and those that they require."""
    found: set[str] = set()
    new = list(manifest.services[name].requires)
    while new:
        each = new.pop()
        if each not in found and each in manifest.services:
            found.add(each)
            new += manifest.services[each].requires
    return found


def users_of(manifest: Manifest, name: str) -> list[str]:
    """The services that require this one, by any number of steps, in the order they start."""
    return [each for each in start_order(manifest.services) if name in required_by(manifest, each)]


_OF_CHILDREN: Mapping[str, Kind] = {
    "active": "up",
    "starting": "moving",
    "stopping": "moving",
    "backoff": "waits",
    "failed": "left",
    "stopped": "off",
}


def _of_child(state: ServiceState) -> Standing:
    kind = _OF_CHILDREN[state.state]
    hint = f"caretaker restart {state.name}" if kind == "left" else ""
    return Standing(state.name, kind, state.summary, state.since, hint)


def _of_unit(name: str, unit: UnitState, left: LeftStopped | None) -> Standing | None:
    """One that does not run; None for one that does, or is about to."""
    if not unit.exists:
        return Standing(name, "unable", f"there is no unit {unit.name}", hint="sudo setup.sh")
    if unit.load == "masked":
        hint = f"systemctl unmask {unit.name}"
        return Standing(name, "unable", f"{unit.name} is masked", hint=hint)
    if unit.load != "loaded":
        hint = f"systemd-analyze verify {unit.name}"
        return Standing(name, "unable", f"{unit.name} can't be loaded ({unit.load})", hint=hint)
    if unit.active not in ("inactive", "failed"):
        return None
    if left is not None and left.about(unit):
        return Standing(name, "left", left.why, left.at)
    if unit.active == "failed" and not unit.told_to_stop:
        return Standing(name, "down", f"{unit.name} has failed: {unit.result}", unit.since)
    return Standing(name, "off", f"{unit.name} is stopped", unit.since)


def _running(name: str, unit: UnitState, limit: Limit | None, host: Host) -> Standing:
    waits = unit.active == "activating" and unit.sub == "auto-restart"
    if limit and unit.restarts >= limit.restarts and _loops(unit, limit, host, waits=waits):
        words = f"more than {limit.words()}{_last(unit)}"
        return Standing(name, "looping", words, unit.since)
    kind: Kind = "up" if unit.is_active else "waits" if waits else "moving"
    words = "" if unit.is_active else f"{unit.name}: {unit.sub}{_last(unit)}"
    return Standing(name, kind, words, unit.since)


def _last(unit: UnitState) -> str:
    """How it ended last; systemd says `success` also of one that was never asked to end."""
    return f", last: {unit.result}" if unit.result not in ("", "success") else ""


def _loops(unit: UnitState, limit: Limit, host: Host, *, waits: bool) -> bool:
    """Counted by the journal, since systemd has no times. Without one nothing is known, so no."""
    if unit.is_active and host.clock.wall() - unit.since >= STABLE:
        return False
    events = restarts_and_ends(host, unit.name)
    # What systemd counts begins anew when a person starts the unit.
    restarts = since_it_lasted(events)[-unit.restarts :]
    return bool(events) and is_crash_loop(restarts, events[-1].at, limit, down=waits)
