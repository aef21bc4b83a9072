"""How housekeeping is shown: one line a task, one line a run. Pure."""

from __future__ import annotations

import click
import msgspec

from agent.cli.saying import moment, plain, sign, size, span
from agent.housekeeping.run import Ran

_HEAD = ("task", "schedule", "next due", "last run")
_LINES = 20  # of what a run worked on


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """One task as `list` shows it. Times are since 1970; `due` None: never by itself."""

    name: str
    title: str
    schedule: str
    due: float | None
    ran: float | None
    outcome: str
    freed: int
    seconds: float | None
    why: str


def header(lines: list[TaskLine]) -> str:
    wide, long = _widths(lines)
    text = f"  {_HEAD[0]:<{wide}}  {_HEAD[1]:<{long}}  {_HEAD[2]:<19}  {_HEAD[3]}"
    return click.style(text, underline=True)


def line(each: TaskLine, lines: list[TaskLine]) -> str:
    """Name, schedule, next due, then how the last run went."""
    wide, long = _widths(lines)
    mark = {"": "·", "running": "·", "done": sign("pass")}.get(each.outcome, sign("fail"))
    due = moment(each.due) if each.due is not None else "never by itself"
    schedule = plain(each.schedule) or "off"
    return f"{mark} {each.name:<{wide}}  {schedule:<{long}}  {due:<19}  {_last(each)}"


def _last(each: TaskLine) -> str:
    if each.ran is None:
        return "never ran"
    took = f" in {span(each.seconds)}" if each.seconds is not None else ""
    freed = f", {size(each.freed)} freed" if each.freed else ""
    why = f" – {plain(each.why)}" if each.why else ""
    return f"{moment(each.ran)} {each.outcome}{took}{freed}{why}"


def ran_line(ran: Ran, *, dry: bool) -> str:
    """How one run went, and what it worked on."""
    mark = sign("fail" if ran.done.problems else "pass")
    would = "would free" if dry else "freed"
    freed = f", {would} {size(ran.done.freed)}" if ran.done.freed else ""
    took = "" if dry else f" ({ran.seconds:.1f} s{freed})"
    lines = [f"{mark} {ran.name}: {plain(ran.done.summary)}{took or freed}"]
    lines += [f"    {plain(problem)}" for problem in ran.done.problems]
    lines += [f"    {plain(each)}" for each in ran.done.lines[:_LINES]]
    more = len(ran.done.lines) - _LINES
    if more > 0:
        lines.append(f"    and {more} more")
    return "\n".join(lines)


def _widths(lines: list[TaskLine]) -> tuple[int, int]:
    wide = max((len(each.name) for each in lines), default=0)
    long = max((len(each.schedule) for each in lines), default=0)
    return max(wide, len(_HEAD[0])), max(long, len(_HEAD[1]))
