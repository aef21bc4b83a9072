"""The report of a run: `setup.json`, for first-boot units, clouds and whoever comes later.

Owns its shape, writing it after every step, so that a run that was killed shows how far it came,
and the run's entry in the ledger. Refuses secrets, and to fail setup because of a full /run.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace

import msgspec

from agent.host import files
from agent.host.clock import Clock, rfc3339
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.ledger import Ledger
from setup.outcome import EXITS, Trouble, Verdict


class StepReport(msgspec.Struct, frozen=True):
    """One step. `outcome`: kept, changed, failed or skipped; `seconds` is how long it took."""

    code: str
    title: str
    outcome: str
    words: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Report:
    """A run so far. Times are seconds since 1970."""

    app: str
    version: str
    mode: str
    root: str
    started: float
    verdict: Verdict = Verdict.RUNNING
    changed: int = 0
    steps: tuple[StepReport, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""
    trouble: Trouble | None = None

    def with_step(self, step: StepReport, *, changed: int = 0) -> Report:
        return replace(self, steps=(*self.steps, step), changed=self.changed + changed)

    @property
    def exit_status(self) -> int:
        return EXITS.get(self.verdict, 0)

    def as_dict(self, clock: Clock) -> dict[str, object]:
        now = clock.wall()
        running = self.verdict is Verdict.RUNNING
        trouble = self.trouble
        return {
            "format": 1,
            "appliance": self.app,
            "version": self.version,
            "mode": self.mode,
            "root": self.root,
            "verdict": self.verdict.value,
            "exit": None if running else self.exit_status,
            "started": rfc3339(self.started),
            "ended": None if running else rfc3339(now),
            "seconds": round(max(0.0, now - self.started), 3),
            "changed": self.changed,
            "url": self.url,
            "steps": [msgspec.to_builtins(step) for step in self.steps],
            "notes": list(self.notes),
            "error": None if trouble is None else {
                "code": trouble.code, "message": trouble.message, "hint": trouble.hint,
            },
        }  # fmt: skip


def enter(layout: Layout, report: Report, clock: Clock) -> None:
    """Add the run to the ledger; best effort, as the ledger itself is."""
    trouble = report.trouble
    Ledger(layout.ledger, clock).write(
        "setup",
        target=report.app,
        outcome="done" if report.verdict is Verdict.HEALTHY else "failed",
        why=trouble.message if trouble else "",
        actor=f"uid {os.getuid()}",
        seconds=clock.wall() - report.started,
        detail={"changed": report.changed, "verdict": report.verdict.value},
    )


def write(layout: Layout, report: Report, clock: Clock) -> None:
    """Best effort: who waits for the report also has the exit status."""
    text = msgspec.json.format(msgspec.json.encode(report.as_dict(clock)), indent=2) + b"\n"
    with contextlib.suppress(FileFailure):
        files.ensure_folder(layout.setup_report.parent)
        files.replace(layout.setup_report, text)
