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
from support.analysers.window import CLOCK, end_of, since_boot

DAY = 86400.0
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
        count, lines = _found(evidence, each)
        if not count or count < each.at_least:
            continue
        answer, last = each.answer, newest(evidence, lines)
        summary = f"{each.says}, {times(count)}"
        if last is not None:
            summary += f", last at {utc(last)}"
            if each.ends and answer == "fail" and end_of(evidence, last) - last > OVER:
                answer = "warn"
                summary += "; not since then"
        summary += f" ({listed(seen.file for seen in lines)})"
        yield answered(answer, summary, shown(lines), each.advice)


def _found(evidence: Evidence, trouble: Trouble) -> tuple[int, list[Seen]]:
    """How often, and the lines. Of the kernel's ring only the last day counts: it may go back to
    a start months ago, and what was mended since is no news."""
    count = evidence.count(trouble.code)
    if count:
        return count, evidence.lines(trouble.code)
    code = f"{trouble.code}{_ELSE}"
    lines = evidence.lines(code)
    fresh = [seen for seen in lines if not _old(evidence, seen)]
    return (evidence.count(code) if len(fresh) == len(lines) else len(fresh)), fresh


def _old(evidence: Evidence, seen: Seen) -> bool:
    at = since_boot(evidence, seen.text)
    return at is not None and end_of(evidence, at) - at > DAY


def newest(evidence: Evidence, lines: list[Seen]) -> float | None:
    """The latest time that any of them tells."""
    known = (stamp(seen.text) or since_boot(evidence, seen.text) for seen in lines)
    return max((at for at in known if at is not None), default=None)
