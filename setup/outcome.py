"""How a run of setup ended: the verdicts, their exit statuses, and the words of an error.

Owns the closed list. Refuses anything but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from setup.console import Console

HEALTHY, PREFLIGHT, UNDONE, ATTENTION, BUSY = 0, 10, 20, 30, 75
INTERRUPTED = 130  # as shells say for SIGINT


class Verdict(StrEnum):
    """One word for how it ended."""

    HEALTHY = "healthy"
    PLANNED = "planned"
    UNINSTALLED = "uninstalled"
    PREFLIGHT = "preflight-failed"
    UNDONE = "failed-and-undone"
    ATTENTION = "needs-attention"
    RUNNING = "running"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


EXITS = {
    Verdict.HEALTHY: HEALTHY,
    Verdict.PLANNED: 0,
    Verdict.UNINSTALLED: 0,
    Verdict.PREFLIGHT: PREFLIGHT,
    Verdict.UNDONE: UNDONE,
    Verdict.ATTENTION: ATTENTION,
    Verdict.REFUSED: 3,
    Verdict.INTERRUPTED: INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, as people and programs are told."""

    code: str
    message: str
    hint: str = ""


def say_error(console: Console, code: str, message: str, hint: str) -> None:
    text = f"setup: {message}" + (f"\n  next: {hint}" if hint else "")
    console.tell("error", text, mood="bad", code=code, message=message, hint=hint)
