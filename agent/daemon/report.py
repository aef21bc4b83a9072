"""The status report, out of everything the daemon knows. Pure.

Owns the rendering from ticks to times people know. Refuses to ask anyone: it is handed facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from agent.daemon.appliance import Appliance
from agent.health.verdict import CheckState, Verdict
from agent.modes import Modes
from agent.services.protocol import ServiceState
from agent.status import (
    CheckReport,
    EventReport,
    ModeReport,
    ProbeReport,
    SafeModeReport,
    ServiceReport,
    StatusReport,
)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is made of besides the verdict.

    `wall` and `started` are since 1970, `boot` is what the wall clock would have said at ticks 0.
    """

    wall: float
    boot: float
    started: float
    modes: Modes
    services: Mapping[str, ServiceState]
    events: Sequence[EventReport]
    probe: ProbeReport
    notes: Sequence[str]
    safe_mode: Sequence[SafeModeReport] = ()
    remedies: Mapping[str, dict[str, int]] = {}


def render(verdict: Verdict, appliance: Appliance, facts: Facts) -> StatusReport:
    sold = appliance.manifest.appliance
    return StatusReport(
        at=facts.wall,
        appliance=sold.name,
        title=sold.title or sold.name,
        version=sold.version,
        mode="embedded" if appliance.layout.embedded else "systemd",
        started=facts.started,
        live=verdict.live,
        ready=verdict.ready,
        reason=verdict.reason,
        summary=verdict.summary,
        causes=[f"{name}: {verdict.checks[name].summary}" for name in verdict.causes],
        weight=verdict.weight,
        checks=[_check(state, facts.boot) for state in verdict.checks.values()],
        services=[_service(state) for state in facts.services.values()],
        modes=_modes(facts.modes),
        events=list(facts.events),
        probe=facts.probe,
        url=sold.url,
        support=sold.support,
        notes=list(facts.notes),
        safe_mode=list(facts.safe_mode),
        remedies=dict(facts.remedies),
    )


def _check(state: CheckState, boot: float) -> CheckReport:
    finding = state.finding
    return CheckReport(
        name=state.name,
        title=state.title,
        type=state.type,
        level=state.level,
        severity=state.severity,
        status=state.status,
        looked=finding.status if finding is not None else state.status,
        code=state.code,
        summary=state.summary,
        every=state.every,
        age=None if state.looked_at is None else state.age,
        since=boot + state.since,
        stale=state.stale,
        muted_by=state.muted_by,
        observed=finding.observed if finding is not None else None,
        unit=finding.unit if finding is not None else None,
        seconds=state.seconds,
    )


def _service(state: ServiceState) -> ServiceReport:
    return ServiceReport(
        name=state.name,
        running=state.running,
        state=state.state,
        pid=state.pid,
        restarts=state.restarts,
        since=state.since,
        summary=state.summary,
    )


def _modes(modes: Modes) -> list[ModeReport]:
    return [
        ModeReport(name, period.reason, period.since, period.until, period.actor)
        for name, period in (("drain", modes.drained), ("maintenance", modes.maintenance))
        if period is not None
    ]
