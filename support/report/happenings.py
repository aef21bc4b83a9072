"""The timeline as a table, and its weightiest moments as numbered marks for the plots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from support.analysers.stamp import utc
from support.analysers.timeline import Kind, Moment
from support.report.markup import Markup, tag
from support.report.plot import Mark

_WORDS: dict[Kind, str] = {
    "verdict": "Verdict",
    "check": "Check",
    "change": "Change",
    "remedy": "Remedy",
    "restart": "Restart",
    "act": "Act",
    "killed": "Killed",
    "kernel": "Kernel",
    "reboot": "Reboot",
    "unit": "Unit",
    "clock": "Clock",
}
# What is drawn into the plots: what may explain a bend, or be explained by one.
_MARKED: frozenset[Kind] = frozenset(
    ("verdict", "change", "killed", "reboot", "kernel", "remedy", "clock")
)
_MARKS = 40


def marks(moments: Sequence[Moment]) -> list[Mark]:
    """Numbered as the rows of the table are."""
    chosen = [(n, each) for n, each in enumerate(moments, 1) if each.kind in _MARKED]
    if len(chosen) > _MARKS:
        worst = sorted(chosen, key=lambda one: not one[1].bad)[:_MARKS]
        chosen = sorted(worst, key=lambda one: one[0])
    return [
        Mark(each.at, str(n), f"{n}: {utc(each.at)} {_WORDS[each.kind]} {each.text}", each.bad)
        for n, each in chosen
    ]


def happenings(moments: Sequence[Moment]) -> Markup:
    title = tag("h2", "What happened", id="happened")
    if not moments:
        words = "Nothing was recorded in the window: no verdict changed, nothing was done."
        return tag("section", title, tag("p", words, cls="soft"))
    rows: list[Markup] = []
    day = ""
    for number, moment in enumerate(moments, 1):
        date = _date(moment.at)
        if date != day:
            day = date
            rows.append(tag("tr", tag("th", date, colspan="5", scope="colgroup"), cls="day"))
        rows.append(_row(number, moment))
    heads = ("No.", "UTC", "What", "Of", "Told by")
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *rows),
        cls="moments",
        id="moments",
    )
    note = "Oldest first; all times are UTC. The numbers stand in the plots below, too."
    return tag(
        "section", title, tag("p", note, cls="soft small"), _filter(moments),
        tag("div", table, cls="wide"),
    )  # fmt: skip


def _row(number: int, moment: Moment) -> Markup:
    again = f" (and {moment.again} more of it right after)" if moment.again else ""
    sign = "✖ " if moment.bad else ""
    where = f"{moment.file}, line {moment.line}" if moment.line else moment.file
    return tag(
        "tr",
        tag("td", str(number), cls="n no"),
        tag("td", _clock(moment.at), cls="time"),
        tag("td", f"{sign}{_WORDS[moment.kind]}", cls="kind"),
        tag("td", tag("strong", moment.subject), " ", moment.text, again, cls="what"),
        tag("td", where, cls="soft small"),
        cls="bad" if moment.bad else None,
        id=f"t{number}",
        data_kind=moment.kind,
    )


def _filter(moments: Sequence[Moment]) -> Markup:
    """Shown only where the script runs."""
    kinds = [kind for kind in _WORDS if any(each.kind == kind for each in moments)]
    buttons = [
        tag("button", f"{_WORDS[kind]} {sum(each.kind == kind for each in moments)}",
            type="button", data_kind=kind, aria_pressed="false")
        for kind in kinds
    ]  # fmt: skip
    words = tag("input", type="search", placeholder="words in it", aria_label="words in it")
    return tag("div", *buttons, words, tag("output", cls="soft small"), cls="filter",
               data_rows="moments")  # fmt: skip


def _clock(at: float) -> str:
    return utc(at)[11:19]


def _date(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%A, %d %B %Y")
    except (OverflowError, ValueError, OSError):
        return "at no time we know"
