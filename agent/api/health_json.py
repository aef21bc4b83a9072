"""The verdict as application/health+json.

Owns that rendering (draft-inadarei-api-health-check-06). Refuses to add what the report lacks.
"""

from __future__ import annotations

from typing import Any

from agent.host.clock import rfc3339
from agent.status import CheckReport, StatusReport

MEDIA_TYPE = "application/health+json"


def render(report: StatusReport) -> dict[str, Any]:
    """The report as the draft's object; `status` speaks for ready."""
    return {
        "status": report.ready.value,
        "version": report.version.partition(".")[0],
        "releaseId": report.version,
        "serviceId": report.appliance,
        "description": f"health of {report.title or report.appliance}",
        "notes": [report.summary, *report.causes, *(each.note for each in report.safe_mode)],
        "checks": {check.name: [_check(check, report.at)] for check in report.checks},
    }


def _check(check: CheckReport, at: float) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "componentType": check.type,
        "status": check.status.value,
        "time": rfc3339(at - (check.age or 0.0)),
        "level": check.level.value,
        "severity": check.severity.value,
    }
    if check.observed is not None:
        shown["observedValue"] = check.observed
        shown["observedUnit"] = check.unit
    # The draft wants `output` left out where all is well.
    if check.status.value != "pass":
        shown["output"] = check.summary
    if check.muted_by:
        shown["mutedBy"] = check.muted_by
    if check.stale:
        shown["stale"] = True
    return shown
