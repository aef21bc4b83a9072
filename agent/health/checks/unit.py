"""`unit`: a service, or any unit of the machine, is active and stays so.

Owns what systemd's states (or the embedded supervisor's) mean for health. Asking systemd costs a
process and 6 ms, so while the main process that was active a moment ago still runs, that answer
stands; systemd is asked again when it is gone, and once a minute in any case.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import CaretakerError
from agent.findings import Finding, failed, passed
from agent.health.context import CheckType, Context
from agent.health.words import span
from agent.host.systemd import UnitState
from agent.manifest.checks import UnitCheck
from agent.services.protocol import ServiceState

_TRUSTED = 60.0  # seconds
_SEEN = "unit.seen"  # keys of `memory`
_RESTARTS = "unit.restarts"
_FLAPPED = "unit.flapped"


@dataclass(frozen=True, slots=True)
class _Standing:
    """How the unit stands. `code` is empty while it is active; `pid` 0 without a main process."""

    whom: str
    code: str
    words: str
    pid: int
    restarts: int
    since: float


@dataclass(frozen=True, slots=True)
class _Seen:
    standing: _Standing
    started: int
    at: float


def look(check: UnitCheck, context: Context) -> Finding:
    standing = _remembered(context) or _ask(check, context)
    if isinstance(standing, Finding):
        return standing
    count = standing.restarts - context.memory.get(_RESTARTS, standing.restarts)
    context.memory[_RESTARTS] = standing.restarts
    if standing.code:
        return failed(standing.code, f"{standing.whom} {standing.words}")
    again = context.memory.get(_FLAPPED, False)
    context.memory[_FLAPPED] = count > 0
    if count > 1 or (count == 1 and again):
        # Between two looks a crash loop is active most of the time. One restart alone has mended
        # what was wrong, and stands in the ledger.
        times = "once more" if count == 1 else f"{count} times"
        summary = f"{standing.whom} is active, but was restarted {times} since the last look"
        return failed("unit-restarted", summary, observed=count, unit="restarts")
    age = context.host.clock.wall() - standing.since
    shown = f" for {span(age)}" if standing.since and age > 0 else ""
    summary = f"{standing.whom} is active{shown}"
    return passed(summary, pid=standing.pid, restarts=standing.restarts)


def _remembered(context: Context) -> _Standing | None:
    """The last answer, while it can't have changed."""
    seen: _Seen | None = context.memory.get(_SEEN)
    if seen is None or context.host.clock.monotonic() - seen.at > _TRUSTED:
        return None
    process = context.host.facts.process(seen.standing.pid)
    if process is None or process.started != seen.started or process.state in "ZX":
        return None
    return seen.standing


def _ask(check: UnitCheck, context: Context) -> _Standing | Finding:
    context.memory.pop(_SEEN, None)
    now = context.host.clock.monotonic()
    if check.service:
        try:
            standing = _of_service(context.services.state(check.service))
        except CaretakerError as error:
            return failed("unit-unknown", error.message)
    elif not context.host.systemd.booted():
        return failed("unit-unknown", f"there is no systemd here to ask about {check.unit}")
    else:
        try:
            standing = _of_unit(context.host.systemd.show(check.unit, timeout=check.timeout))
        except OSError as error:
            return failed("unit-unknown", f"systemd gives no answer about {check.unit}: {error}")
    if not standing.code and standing.pid:
        process = context.host.facts.process(standing.pid)
        if process is not None:
            context.memory[_SEEN] = _Seen(standing, process.started, now)
    return standing


def _of_service(state: ServiceState) -> _Standing:
    code, words = {
        "active": ("", ""),
        "starting": ("unit-starting", "is still starting"),
        "stopping": ("unit-stopping", "is stopping"),
        "stopped": ("unit-inactive", "is stopped"),
        "backoff": ("unit-restarting", f"ended and waits to be restarted: {state.summary}"),
        "failed": ("unit-failed", f"has failed: {state.summary}"),
    }[state.state]
    if state.state == "failed" and not state.since and not state.restarts:
        code, words = "unit-missing", f"never ran: {state.summary}"
    whom = f"service {state.name}"
    return _Standing(whom, code, words, state.pid, state.restarts, state.since)


def _of_unit(unit: UnitState) -> _Standing:
    code, words = _words(unit)
    return _Standing(unit.name, code, words, unit.main_pid, unit.restarts, unit.since)


def _words(unit: UnitState) -> tuple[str, str]:
    """systemd.unit(5) and systemd.service(5): LoadState, ActiveState, SubState, Result."""
    if not unit.exists:
        return "unit-missing", "is not known to systemd"
    if unit.load == "masked":
        return "unit-masked", "is masked, so nothing can start it (systemctl unmask)"
    if unit.load != "loaded":
        return "unit-broken", f"can't be loaded ({unit.load}); see systemd-analyze verify"
    if unit.is_active:
        return "", ""
    if unit.active == "activating" and unit.sub == "auto-restart":
        return "unit-restarting", f"ended ({unit.result}) and waits to be restarted"
    if unit.active == "failed":
        return "unit-failed", f"has failed: {unit.result}"
    return {
        "activating": ("unit-starting", f"is still starting ({unit.sub})"),
        "deactivating": ("unit-stopping", f"is stopping ({unit.sub})"),
    }.get(unit.active, ("unit-inactive", f"is {unit.active or 'not running'}"))


TYPE = CheckType(
    code="unit",
    params=UnitCheck,
    look=look,
    codes=(
        "unit-missing",
        "unit-masked",
        "unit-broken",
        "unit-inactive",
        "unit-starting",
        "unit-stopping",
        "unit-failed",
        "unit-restarting",
        "unit-restarted",
        "unit-unknown",
    ),
    hang="systemd gives no answer",
    cost="reads one process; asks systemd once a minute",
)
