"""Programs that crashed."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, listed_in
from support.analysers.stamp import utc
from support.analysers.telling import DMESG, KERNEL, listed, many, passed, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK, end_of

DUMPS = "crashes/dumps.json"
_DAY = 86400.0
_TROUBLES = (
    Trouble(
        "crashes.segfault",
        # arch/x86/mm/fault.c, arch/x86/kernel/traps.c
        rb"segfault at [0-9a-f]+ ip|traps: .{1,64} trap|unhandled signal \d+",
        "A program crashed",
        "coredumpctl list; the vendor wants the dump only if you agree to send memory",
        answer="warn",
        files=KERNEL,
        otherwise=DMESG,
    ),
)


class _Dump(msgspec.Struct):
    name: str = ""
    program: str | None = None
    modified: float | None = None
    signal: int | str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    dumps = listed_in(evidence, DUMPS, _Dump)
    found = list(told(evidence, _TROUBLES))
    fresh = [
        each
        for each in dumps or []
        if each.modified and end_of(evidence, each.modified) - each.modified < _DAY
    ]
    if fresh:
        newest = max(fresh, key=lambda each: each.modified or 0.0)
        names = listed(each.program or each.name for each in fresh)
        words = f"{many(len(fresh), 'core dump')} of the last day: {names}"
        words += f", the newest of {utc(newest.modified or 0.0)}"
        seen = [cite(evidence, DUMPS, f'"{newest.name}"', words)]
        found.append(warned(words, seen, "coredumpctl info; tell the vendor of it"))
    yield from found
    if not found and dumps is None:
        yield unknown("Whether programs crashed was not collected", advice="coredumpctl list")
    elif not found:
        yield passed("No program crashed")


ANALYSER = Analyser(
    code="crashes",
    title="Crashes",
    judge=judge,
    reads=(DUMPS, CLOCK),
    watches=watches_of(_TROUBLES),
)
