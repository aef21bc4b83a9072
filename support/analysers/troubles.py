"""Troubles that show as lines in logs: what to look for, what it means, what to do.

Owns the record, and turning its lines into a judgement: how often, which lines, when last. What
stopped a while before the window ended is told as a warning: it may be over. Refuses to look at
anything but lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from support.analysers.analyser import Analyser, Answer, Evidence, Judgement, Seen, Watch
from support.analysers.stamp import stamp, utc
from support.analysers.telling import TALK, answered, listed, passed, shown, there, times, unknown
from support.analysers.window import CLOCK, end_of

_ELSE = ".otherwise"
OVER = 3600.0  # seconds without it, up to the window's end: it may be over


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of line. `says` is followed by how often; `advice` is what to do next.

    Lines of `otherwise` count only where `files` have none: it is another copy of the same.
    """

    code: str
    pattern: bytes
    says: str
    advice: str
    answer: Answer = "fail"
    at_least: int = 1
    files: tuple[str, ...] = TALK
    otherwise: tuple[str, ...] = ()
    ends: bool = True  # quiet for an hour, it may be over


def analyser(code: str, title: str, fine: str, *troubles: Trouble) -> Analyser:
    """An analyser of nothing but lines: a judgement for each trouble found, else one pass."""
    watches = watches_of(troubles)
    asked = partial(judge, troubles=troubles, fine=fine)
    return Analyser(code=code, title=title, judge=asked, reads=(CLOCK,), watches=watches)


def watches_of(troubles: tuple[Trouble, ...]) -> tuple[Watch, ...]:
    """What has to be kept of the files as they stream past."""
    return tuple(
        Watch(f"{each.code}{suffix}", files, each.pattern)
        for each in troubles
        for suffix, files in (("", each.files), (_ELSE, each.otherwise))
        if files
    )


def judge(evidence: Evidence, *, troubles: tuple[Trouble, ...], fine: str) -> Iterator[Judgement]:
    """Pass where none was found and files were there to look at."""
    found = list(told(evidence, troubles))
    if found:
        yield from found
        return
    files = {glob for each in troubles for glob in (*each.files, *each.otherwise)}
    if there(evidence, files):
        yield passed(fine)
    else:
        yield unknown("No log that would show it was collected")


def told(evidence: Evidence, troubles: tuple[Trouble, ...]) -> Iterator[Judgement]:
    """A judgement for each trouble that was found often enough."""
    for each in troubles:
        code = each.code if evidence.count(each.code) else f"{each.code}{_ELSE}"
        count = evidence.count(code)
        if count < each.at_least or not count:
            continue
        lines = evidence.lines(code)
        answer, last = each.answer, newest(lines)
        summary = f"{each.says}, {times(count)}"
        if last is not None:
            summary += f", last at {utc(last)}"
            if each.ends and answer == "fail" and end_of(evidence, last) - last > OVER:
                answer = "warn"
                summary += "; not since then"
        summary += f" ({listed(seen.file for seen in lines)})"
        yield answered(answer, summary, shown(lines), each.advice)


def newest(lines: list[Seen]) -> float | None:
    """The latest time that any of them tells."""
    return max((at for seen in lines if (at := stamp(seen.text)) is not None), default=None)
