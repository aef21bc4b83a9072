"""The plan: what a run would do, said by the very looks that the run goes by.

Owns printing it. Refuses to act, and to write anything but to the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from setup import record, removal
from setup.outcome import Trouble, Verdict
from setup.report import Report
from setup.site import Site
from setup.step import Look, Step


def show_plan(site: Site, steps: Sequence[Step], report: Report) -> Report:
    """Print every step's look. The verdict is `planned`, or what would stop the run."""
    needed = 0
    for number, step in enumerate(steps, 1):
        try:
            look = step.look(site)
        except (CaretakerError, HostFailure, OSError) as error:
            _tell(site, number, len(steps), step, Look(f"can't look: {error}"))
            trouble = Trouble("step-failed", f"{step.title}: {error}")
            return replace(report, verdict=Verdict.PREFLIGHT, trouble=trouble)
        _tell(site, number, len(steps), step, look)
        needed += len(look.needs)
        if look.blockers and report.trouble is None:
            first = look.blockers[0]
            trouble = Trouble(first.code, first.message, first.fix)
            report = replace(report, verdict=Verdict.PREFLIGHT, trouble=trouble)
    if report.verdict is Verdict.RUNNING:
        report = replace(report, verdict=Verdict.PLANNED)
    return replace(report, changed=report.changed + needed)


def show_removal(site: Site, steps: Sequence[Step], report: Report) -> Report:
    """Print what uninstalling would remove, and what it would keep."""
    known = record.load(site.layout)
    there = removal.present(site, removal.things_of(site, steps))
    before = known.before if known else []
    goes, stays = removal.doomed(there, before=before, purge=site.options.purge_data)
    for thing in goes:
        site.console.tell("would-remove", f"    - {thing}", thing=str(thing))
    for thing in stays:
        site.console.tell("would-keep", f"    keep {thing}", thing=str(thing))
    return replace(report, verdict=Verdict.PLANNED, changed=len(goes))


def _tell(site: Site, number: int, total: int, step: Step, look: Look) -> None:
    head = look.summary if look.satisfied else f"{len(look.needs)} to do"
    if look.blockers:
        head = "would stop here"
    lines = [f"[{number:2}/{total}] {step.title:<18} {head}"]
    lines += [f"          + {need}" for need in look.needs]
    for blocker in look.blockers:
        lines.append(f"          ! {blocker.message}")
        lines += [f"            fix: {blocker.fix}"] if blocker.fix else []
    lines += [f"          note: {note}" for note in look.notes]
    site.console.tell(
        "plan", "\n".join(lines), number=number, total=total, code=step.code, title=step.title,
        satisfied=look.satisfied, summary=look.summary, needs=list(look.needs),
        blockers=[{"message": b.message, "fix": b.fix} for b in look.blockers],
        notes=list(look.notes),
    )  # fmt: skip
