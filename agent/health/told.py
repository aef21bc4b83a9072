"""What the daemon said last about its checks, read from its report by another process.

Owns when that is worth anything. Refuses to look by itself.
"""

from __future__ import annotations

import msgspec

from agent.findings import Finding, Status, failed
from agent.host import files
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.status import NO_SENSE

_FRESH = 30.0  # seconds; a running daemon writes its report every ten
_SHOWN = 500  # letters: it goes into root's ledger, which whoever writes the report must not fill


class _Check(msgspec.Struct, frozen=True):
    name: str
    status: Status
    code: str = ""
    summary: str = ""
    stale: bool = False
    muted_by: str = ""


class _Report(msgspec.Struct, frozen=True):
    at: float
    checks: list[_Check] = []


def failing_checks(layout: Layout, clock: Clock) -> dict[str, Finding] | None:
    """What fails for the daemon, by itself; None where it says nothing fresh."""
    try:
        report = msgspec.json.decode(files.read_bytes(layout.status), type=_Report)
    except (FileNotFoundError, FileFailure, *NO_SENSE):
        return None
    if not 0 <= clock.wall() - report.at <= _FRESH:
        return None
    return {
        each.name: failed(each.code, each.summary[:_SHOWN])
        for each in report.checks
        if each.status is Status.FAIL and not each.stale and not each.muted_by
    }
