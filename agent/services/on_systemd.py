"""Services run by systemd.

Owns turning units into service states, and acts into `systemctl`. Refuses to be root: an act that
systemd does not allow this user is an error, with the way to ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.errors import MachineError, UsageError
from agent.host import cgroups
from agent.host.machine import Host
from agent.host.systemd import TIMEOUT, UnitState
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.services.left import LeftStopped, left_stopped
from agent.services.names import unit_name
from agent.services.order import start_order
from agent.services.protocol import ServiceState, State, unknown_service

# Seconds. A look costs a process; checks that fall due together share one.
_FRESH = 0.5
_START_ALLOWANCE = TIMEOUT


@dataclass(slots=True)
class _Seen:
    at: float = float("-inf")
    states: dict[str, UnitState] = field(default_factory=dict)


class OnSystemd:
    """The services of one manifest as units. Safe from any thread: at worst two look at once."""

    def __init__(self, manifest: Manifest, host: Host, layout: Layout | None = None) -> None:
        """With a layout a service that was left stopped shows as failed, and says so."""
        self._manifest = manifest
        self._layout = layout
        self._host = host
        self._names = start_order(manifest.services)
        self._seen = _Seen()

    def names(self) -> tuple[str, ...]:
        return self._names

    def state(self, name: str) -> ServiceState:
        """MachineError where systemd gives no answer."""
        self._known(name)
        return self._state(name, self._look()[name])

    def states(self) -> dict[str, ServiceState]:
        return {name: self._state(name, unit) for name, unit in self._look().items()}

    def pids(self, name: str) -> list[int]:
        self._known(name)
        unit = self._look()[name]
        others = [pid for pid in cgroups.processes_in(unit.control_group) if pid != unit.main_pid]
        return [unit.main_pid, *others] if unit.main_pid else others

    def start(self, name: str) -> None:
        self._act("start", name, _START_ALLOWANCE)

    def stop(self, name: str) -> None:
        self._act("stop", name, self._stop_allowance(name))

    def restart(self, name: str) -> None:
        self._act("restart", name, self._stop_allowance(name) + _START_ALLOWANCE)

    def reload(self, name: str) -> None:
        """systemd restarts a unit that has no ExecReload=."""
        self._act("reload-or-restart", name, self._stop_allowance(name) + _START_ALLOWANCE)

    def _state(self, name: str, unit: UnitState) -> ServiceState:
        if self._layout is not None and unit.active in ("inactive", "failed"):
            left = left_stopped(self._layout.left_stopped).get(name)
            if left is not None and left.about(unit):
                return _left_state(name, unit, left)
        return _service_state(name, unit)

    def _look(self) -> dict[str, UnitState]:
        now = self._host.clock.monotonic()
        seen = self._seen
        if now - seen.at < _FRESH:
            return seen.states
        units = [unit_name(self._manifest, name) for name in self._names]
        try:
            shown = self._host.systemd.show_all(units)
        except OSError as error:
            raise MachineError(
                "command-failed", f"systemd gives no answer: {error}", hint="systemctl status"
            ) from error
        states = dict(zip(self._names, shown, strict=True))
        self._seen = _Seen(now, states)
        return states

    def _act(self, verb: str, name: str, timeout: float) -> None:
        unit = self._unit(name)
        done = self._host.systemd.control(verb, unit, timeout=timeout)
        self._seen = _Seen()
        if done.ok:
            return
        # systemctl's last line only says where to look; its first names the reason.
        why = done.reason if done.timed_out else (done.stderr.strip().splitlines() or [""])[0]
        raise MachineError(
            "service-failed",
            f"{name} ({unit}) did not {verb}: {why or done.reason}",
            hint=f"journalctl -u {unit} -n 50",
        )

    def _stop_allowance(self, name: str) -> float:
        self._known(name)
        # systemd kills it at its stop_timeout; then the kernel needs a moment.
        return self._manifest.services[name].stop_timeout + TIMEOUT

    def _unit(self, name: str) -> str:
        self._known(name)
        return unit_name(self._manifest, name)

    def _known(self, name: str) -> None:
        if name not in self._manifest.services:
            raise UsageError(
                "service-unknown", unknown_service(name, self._names), hint="caretaker status"
            )


def _service_state(name: str, unit: UnitState) -> ServiceState:
    state = _state(unit)
    return ServiceState(
        name=name,
        unit=unit.name,
        running=unit.is_active,
        state=state,
        pid=unit.main_pid,
        restarts=unit.restarts,
        since=unit.since,
        summary=_summary(unit, state),
    )


def _left_state(name: str, unit: UnitState, left: LeftStopped) -> ServiceState:
    return ServiceState(
        name=name,
        unit=unit.name,
        running=False,
        state="failed",
        restarts=unit.restarts,
        since=unit.since,
        summary=left.why,
    )


def _state(unit: UnitState) -> State:
    if unit.is_active:
        return "active"
    if unit.active == "activating":
        return "backoff" if unit.sub == "auto-restart" else "starting"
    if unit.active == "deactivating":
        return "stopping"
    return "failed" if unit.active == "failed" or not unit.exists else "stopped"


def _summary(unit: UnitState, state: State) -> str:
    if not unit.exists:
        return f"there is no unit {unit.name}"
    if state in ("active", "starting", "stopping", "stopped"):
        times = {0: "", 1: ", restarted once"}.get(
            unit.restarts, f", restarted {unit.restarts} times"
        )
        return f"{state}{times}"
    how = {
        "exit-code": f"exit status {unit.exit_status}",
        "signal": f"ended by signal {unit.exit_status}",
        "core-dump": f"crashed with signal {unit.exit_status}",
        "oom-kill": "killed for want of memory",
        "timeout": "too slow to start or stop",
        "watchdog": "missed its watchdog",
        "success": "ended by itself",
    }.get(unit.result, unit.result)
    return f"{how}; {'waits to be restarted' if state == 'backoff' else 'stays down'}"
