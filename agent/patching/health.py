"""Whether the application is healthy, as the agent says.

Owns the question and the wait. Refuses to look for itself: one verdict, made by the same checks as
the load balancer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from agent.asking import get
from agent.errors import CaretakerError
from agent.findings import Severity, Status
from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.status import NO_SENSE, StatusReport

# The daemon writes status.json at least every ten seconds; twice that and some means silence.
SILENT = 25.0
_STEP = 1.0
_SELDOM = 15.0  # seconds between two looks; who looks less often is not waited for
_ANSWER = 5.0


@dataclass(frozen=True, slots=True)
class Health:
    """`unknown`: the agent says nothing. `why` names what is wrong."""

    verdict: Literal["good", "bad", "unknown"]
    why: str = ""
    at: float = 0.0

    @property
    def good(self) -> bool:
        return self.verdict == "good"


def health_now(host: Host, layout: Layout, *, since: float = float("inf")) -> Health:
    """Drained and in maintenance is healthy: what counts are the checks themselves.

    `since`: a check counts once it has looked within these last seconds.
    """
    report = _report(host, layout)
    if report is None:
        return Health("unknown", "the agent has not said anything")
    age = host.clock.wall() - report.at
    if not -SILENT <= age <= SILENT:
        return Health("unknown", f"the agent has said nothing for {max(age, 0.0):.0f} s")
    bad = [
        f"{each.name}: {each.summary}"
        for each in report.checks
        if each.status is Status.FAIL and each.severity is Severity.CRITICAL and not each.muted_by
    ]
    stopped = [f"{each.name} does not run" for each in report.services if not each.running]
    if bad or stopped:
        return Health("bad", "; ".join([*bad, *stopped][:5]), report.at)
    unseen = [
        each.name
        for each in report.checks
        if each.age is None or (each.age + age > since and each.every <= _SELDOM)
    ]
    if unseen:
        return Health("unknown", f"not looked at yet: {', '.join(unseen[:5])}", report.at)
    return Health("good", at=report.at)


def wait_healthy(host: Host, layout: Layout, manifest: Manifest) -> Health:
    """The last verdict: good where `[upgrade] healthy` reports in a row were, in `within`."""
    begun, began_at = host.clock.monotonic(), host.clock.wall()
    row, last = 0, -1.0
    while True:
        waited = host.clock.monotonic() - begun
        health = health_now(host, layout, since=waited)
        # One made before this wait says nothing about what was done since.
        if health.at != last and health.at >= began_at:
            last = health.at
            row = row + 1 if health.good else 0
        if row >= manifest.upgrade.healthy:
            return health
        if waited >= manifest.upgrade.within:
            if health.good:
                return Health("unknown", f"only {row} good reports in a row", health.at)
            return health
        host.clock.sleep(_STEP)


def _report(host: Host, layout: Layout) -> StatusReport | None:
    """The agent's answer; where it is not ours to ask or does not answer, what it wrote last."""
    try:
        told = get(layout, "/status", network=host.network, timeout=_ANSWER)
        return msgspec.convert(told, type=StatusReport)
    except (CaretakerError, msgspec.ValidationError):
        pass
    try:
        return msgspec.json.decode(files.read_bytes(layout.status), type=StatusReport)
    except (FileNotFoundError, FileFailure, *NO_SENSE):
        return None
