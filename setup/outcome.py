"""How a run of setup ended: the verdicts, their exit statuses, and the words of an error.

Owns the closed list. Refuses anything but the standard library.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agent.host import files
from agent.host.failures import FileFailure
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


def write_early(path: Path, status: int, trouble: Trouble) -> None:
    """The report of a run that did not come as far as the appliance; best effort."""
    verdict = next(
        (v for v, exit_status in EXITS.items() if exit_status == status), Verdict.REFUSED
    )
    error = {"code": trouble.code, "message": trouble.message, "hint": trouble.hint}
    told = {"format": 1, "verdict": verdict.value, "exit": status, "error": error}
    with contextlib.suppress(FileFailure):
        files.ensure_folder(path.parent)
        files.replace(path, (json.dumps(told, indent=2) + "\n").encode())


def say_error(console: Console, code: str, message: str, hint: str) -> None:
    text = f"setup: {message}" + (f"\n  next: {hint}" if hint else "")
    console.tell("error", text, mood="bad", code=code, message=message, hint=hint)
