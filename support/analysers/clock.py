"""The clock: unsynchronised, off, before the image was made, or set in a jump."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.stamp import utc
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK, spell

_OFF, _FAR_OFF, _DAY = 1.0, 60.0, 86400.0
ADVICE = "timedatectl; then: sudo caretaker remedies run clock"
_TROUBLES = (
    Trouble(
        "clock.jump",
        # systemd-timesyncd and systemd itself; chronyd; the daemon of ntp.
        rb"System clock wrong by|Forward time jump detected|Backward time jump detected"
        rb"|step time server .{0,60} offset|System clock was stepped by",
        "The clock was set in a jump",
        "times in logs before and after it can't be compared; who keeps the clock: timedatectl",
        answer="warn",
        files=("journal/*.log",),
    ),
    Trouble(
        "clock.unreachable",
        rb"Can't synchronise: no selectable sources|Timed out waiting for reply from"
        rb"|No suitable NTP server",
        "No time server was reached",
        "does the firewall let UDP port 123 out?; then: sudo caretaker remedies run clock",
        answer="warn",
        at_least=3,
        files=("journal/*.log",),
    ),
)


class _Clock(msgspec.Struct):
    wall: float | None = None
    synchronised: bool | None = None
    offset_seconds: float | None = None
    rtc_offset_seconds: float | None = None
    newest_file: float | None = None
    source: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    clock = document(evidence, CLOCK, _Clock)
    found = [*([] if clock is None else _of(evidence, clock)), *told(evidence, _TROUBLES)]
    yield from found
    if clock is None:
        yield unknown("How the clock stands was not collected", advice="timedatectl")
    elif not found:
        yield passed(f"The clock is synchronised{f' by {clock.source}' if clock.source else ''}")


def _of(evidence: Evidence, clock: _Clock) -> Iterator[Judgement]:
    offset = clock.offset_seconds or 0.0
    wall, newest = clock.wall, clock.newest_file
    if wall is not None and newest is not None and wall < newest - _DAY:
        words = f"The clock says {utc(wall)}, and there are files of {utc(newest)}: it is wrong"
        yield failed(words, [cite(evidence, CLOCK, '"newest_file"', words)], ADVICE)
    if abs(offset) >= _OFF:
        words = f"The clock is {spell(abs(offset))} off"
        tell = failed if abs(offset) >= _FAR_OFF else warned
        yield tell(words, [cite(evidence, CLOCK, '"offset_seconds"', words)], ADVICE)
    if clock.synchronised is False:
        keeper = f"{clock.source} runs" if clock.source else "no time service runs"
        words = f"The clock is not synchronised; {keeper}"
        yield warned(words, [cite(evidence, CLOCK, '"synchronised"', words)], ADVICE)


ANALYSER = Analyser(
    code="clock", title="Clock", judge=judge, reads=(CLOCK,), watches=watches_of(_TROUBLES)
)
