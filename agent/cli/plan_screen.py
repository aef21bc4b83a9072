"""A plan as people read it.

Owns the words on the screen. Refuses to plan.
"""

from __future__ import annotations

import shutil
import sys
import textwrap

import click

from agent.cli.changing import files_of
from agent.cli.progress import span_of
from agent.cli.saying import count, plain, sign, size, span
from agent.upgrade.plan import Plan, Step

_LABEL = len("migrations ")
_NARROWEST = 24  # columns of text, however narrow the terminal


def plan_told(plan: Plan, *, steps: bool = True) -> str:
    """The whole plan, or without its steps; refusals last, since these are what to act on."""
    lines = [click.style(plain(plan.title), bold=True), *_about(plan), ""]
    lines += _steps(plan) if steps else []
    lines += _sums(plan)
    lines += [_wrapped(f"{sign('warn')} ", plain(each), 2) for each in plan.warnings]
    for each in plan.refusals:
        lines.append(f"{sign('fail')} {plain(each.message)}")
        lines += [f"    {plain(each.hint)}"] if each.hint else []
    if plan.refusals:
        why = f"{count(len(plan.refusals), 'reason')}: it can't begin"
        lines.append(click.style(why, fg="red"))
    return "\n".join(lines)


def _about(plan: Plan) -> list[str]:
    lines = [f"  {plain(line)}" for line in plan.notes.splitlines()[:12]]
    return lines + [f"  ends {plain(each)}" for each in plan.advisories]


def _steps(plan: Plan) -> list[str]:
    width = max((len(plain(step.title)) for step in plan.steps), default=0)
    lines = [_step(number, step, width) for number, step in enumerate(plan.steps, 1)]
    return [*lines, "  (▪ the application does not serve meanwhile)", ""] if lines else []


def _step(number: int, step: Step, width: int) -> str:
    mark = "▪" if step.down else " "
    facts = [size(step.disk)] if step.disk else []
    facts += [f"about {span_of(step.seconds)}"] if step.seconds is not None else []
    facts += [plain(step.why)] if step.why else []
    head = f"{number:3} {mark} {plain(step.title).ljust(width)}  "
    return _wrapped(head, "; ".join(facts), len(head))


def _wrapped(head: str, text: str, indent: int) -> str:
    """At a terminal no word is broken at its edge; a log has each line whole."""
    if not sys.stdout.isatty():
        return f"{head}{text}".rstrip()
    columns = shutil.get_terminal_size().columns
    room = max(columns - indent, _NARROWEST)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return (head + f"\n{' ' * indent}".join(lines)).rstrip()


def _sums(plan: Plan) -> list[str]:
    lines = []
    if plan.kind == "upgrade":
        lines.append(f"disk       {size(plan.disk)} in all{_free(plan)}")
        lines.append(f"data       {size(plan.data)}, cloned by {plan.how}")
        what = ", ".join(map(plain, plan.migrations)) or "none"
        lines.append(f"migrations {what}")
    if plan.loss is not None:
        lines.append(f"lost       {_lost(plan)}")
    lines.append(f"downtime   {_down(plan)}")
    lines.append(f"back       {_back(plan)}")
    return [_wrapped(each[:_LABEL], each[_LABEL:], _LABEL) for each in lines]


def _back(plan: Plan) -> str:
    before = plain(plan.before)
    if plan.kind == "upgrade":
        kept = f"to deployment {plan.back} ({before}) as it is left now"
        return f"caretaker rollback, {kept}; for {span(plan.grace)} without further ado"
    way = f"caretaker rollback --to {plan.back}"
    return f"{way}, to {before} as it is left now, until housekeeping removes it"


def _free(plan: Plan) -> str:
    free = [f"{size(room.free)} free at {plain(room.path)}" for room in plan.rooms]
    return f"; {', '.join(free)}" if free else ""


def _lost(plan: Plan) -> str:
    loss = plan.loss
    if loss is None or loss.nothing:
        return f"nothing: no file was written to since {plain(plan.before)} came into use"
    what = f"what was written to {files_of(loss.files, size(loss.size))} over {span(loss.span)}"
    more = f"; {loss.unread} folders can't be read by you" if loss.unread else ""
    return f"{what}; that data stays as deployment {plan.back}, to be looked at{more}"


def _down(plan: Plan) -> str:
    if plan.downtime is None:
        return "not known: no earlier change here tells it"
    rest = ", and what the migrations take" if plan.migrations else ""
    return f"about {span_of(plan.downtime)}, as it was last time{rest}"
