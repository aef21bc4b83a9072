"""What happened in the window, oldest first: verdicts, acts, kills, reboots, failures, jumps.

Owns which lines are moments, and how many are kept: where there are too many, those that matter
least go first, then the middle of what repeats. Refuses to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import msgspec

from support.analysers.analyser import Analyser, Evidence, Seen, Watch
from support.analysers.documents import lines_of, listed_in
from support.analysers.health import CHANGES, Change
from support.analysers.stamp import stamp
from support.analysers.telling import KERNEL
from support.analysers.window import CLOCK, end_of, spell

LEDGER = "ledger/ledger.jsonl"
KERNEL_CRASHES = "crashes/kernel.jsonl"
MOST = 400
_TEXT = 300
_HEAD = re.compile(r"^[\d-]{10}T\S+ \S+ ")  # time and host of a line of the journal

Kind = Literal[
    "verdict", "check", "change", "remedy", "restart", "act", "killed", "kernel", "reboot", "unit",
    "clock",
]  # fmt: skip
# What goes first where there are too many: the further to the right, the sooner.
_WEIGHT: tuple[Kind, ...] = (
    "change", "reboot", "killed", "verdict", "kernel", "clock", "remedy", "restart", "unit",
    "check", "act",
)  # fmt: skip
_CHANGES = ("upgrade", "rollback", "restore", "move", "os-upgrade", "database-move")
_MONTH = 31 * 86400.0
_SAME = 600.0  # seconds: the same thing again within them is told once, with how often


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `at` is seconds since 1970; `bad`: a failure, or the end of one's
    good days. `again`: how often more it happened right after."""

    at: float
    kind: Kind
    subject: str
    text: str
    file: str
    line: int
    bad: bool = False
    again: int = 0


class _Entry(msgspec.Struct):
    at: float
    act: str
    target: str | None = None
    outcome: str | None = None
    why: str | None = None
    actor: str | None = None


class _Boot(msgspec.Struct):
    first: float
    last: float | None = None


class _Crash(msgspec.Struct):
    kind: str
    at: float | None = None
    program: str | None = None
    text: str | None = None


BOOTS = "journal/boots.json"
_UNITS = ("journal/*.log",)
_WATCHES = (
    Watch("timeline.unit", _UNITS, rb"Failed with result '|Start request repeated"),
    Watch("timeline.boot", KERNEL, rb"Linux version \d"),  # where the journal has no list of them
    Watch("timeline.clock", _UNITS, rb"Time has been changed|System clock (?:wrong|was)"),
    Watch("timeline.off", _UNITS, rb"System is (?:powering down|rebooting)"),
)


def timeline(evidence: Evidence) -> list[Moment]:
    """At most MOST moments."""
    found = sorted(
        (
            *_health(evidence),
            *_ledger(evidence),
            *_kernel(evidence),
            *_journal(evidence),
            *_boots(evidence),
        ),
        key=lambda moment: (moment.at, moment.file, moment.line),
    )
    folded = _folded(found)
    if len(folded) > MOST:
        order = sorted(folded, key=lambda moment: (_WEIGHT.index(moment.kind), not moment.bad))
        kept = {id(moment) for moment in order[:MOST]}
        folded = [moment for moment in folded if id(moment) in kept]
    return folded


def _health(evidence: Evidence) -> Iterator[Moment]:
    for number, change in lines_of(evidence, CHANGES, Change) or []:
        verdict = change.subject in ("ready", "live")
        words = f"{change.was or 'unknown'} → {change.became}"
        if change.summary or change.code:
            words += f": {change.summary or change.code}"
        yield Moment(
            at=change.at,
            kind="verdict" if verdict else "check",
            subject=change.subject,
            text=words[:_TEXT],
            file=CHANGES,
            line=number,
            bad=change.became == "fail",
        )


def _ledger(evidence: Evidence) -> Iterator[Moment]:
    for number, entry in lines_of(evidence, LEDGER, _Entry) or []:
        outcome = entry.outcome or ""
        words = f"{entry.act}{f' {entry.target}' if entry.target else ''}: {outcome}"
        if entry.why:
            words += f", {entry.why}"
        yield Moment(
            at=entry.at,
            kind=_kind(entry.act),
            subject=entry.target or entry.actor or "",
            text=words[:_TEXT],
            file=LEDGER,
            line=number,
            bad=outcome not in ("", "done", "noted", "begun", "planned", "changed", "nothing"),
        )


def _kind(act: str) -> Kind:
    if act.startswith("remedy"):
        return "remedy"
    if act.split(" ")[0] in _CHANGES:
        return "change"
    if "reboot" in act:
        return "reboot"
    return "restart" if act.endswith("restart") or act in ("agent-start", "agent-stop") else "act"


def _kernel(evidence: Evidence) -> Iterator[Moment]:
    for number, crash in lines_of(evidence, KERNEL_CRASHES, _Crash) or []:
        if crash.at is None:
            continue
        yield Moment(
            at=crash.at,
            kind="killed" if crash.kind == "oom" else "kernel",
            subject=crash.program or crash.kind,
            text=(crash.text or crash.kind)[:_TEXT],
            file=KERNEL_CRASHES,
            line=number,
            bad=True,
        )


def _journal(evidence: Evidence) -> Iterator[Moment]:
    kinds: tuple[tuple[str, Kind, bool], ...] = (
        ("timeline.unit", "unit", True),
        ("timeline.boot", "reboot", False),
        ("timeline.clock", "clock", True),
        ("timeline.off", "reboot", False),
    )
    for code, kind, bad in kinds:
        told: set[str] = set()
        for seen in evidence.lines(code):
            at = stamp(seen.text)
            # The system's log has the same line again as the unit's own.
            if at is not None and seen.text not in told:
                told.add(seen.text)
                yield _line(seen, at, kind, bad=bad)


def _boots(evidence: Evidence) -> Iterator[Moment]:
    """Starts that no kernel's log of the window tells of, no further back than a month."""
    boots = listed_in(evidence, BOOTS, _Boot) or []
    if evidence.count("timeline.boot"):
        return
    for before, boot in pairwise([None, *boots]):
        if boot is None or end_of(evidence, boot.first) - boot.first > _MONTH:
            continue
        gap = "" if before is None or before.last is None else _off(boot.first - before.last)
        yield Moment(
            at=boot.first,
            kind="reboot",
            subject="machine",
            text=f"started{gap}",
            file=BOOTS,
            line=0,
        )


def _off(seconds: float) -> str:
    return f", after {spell(seconds)} without a line" if seconds > 0 else ""


def _line(seen: Seen, at: float, kind: Kind, *, bad: bool) -> Moment:
    subject = seen.file.rpartition("/")[2].removesuffix(".log")
    text = _HEAD.sub("", seen.text)[:_TEXT]
    return Moment(at=at, kind=kind, subject=subject, text=text, file=seen.file,
                  line=seen.line, bad=bad)  # fmt: skip


def _folded(moments: list[Moment]) -> list[Moment]:
    """What repeats at once becomes one moment; what went back and forth does not."""
    folded: list[Moment] = []
    latest: dict[tuple[str, str], tuple[int, float, str]] = {}
    for moment in moments:
        key = moment.kind, "" if moment.kind in ("restart", "reboot") else moment.subject
        gist = f"{moment.subject} {_gist(moment.text)}"
        place, at, before = latest.get(key, (-1, 0.0, ""))
        if place >= 0 and before == gist and moment.at - at <= _SAME:
            first = folded[place]
            folded[place] = msgspec.structs.replace(first, again=first.again + 1)
        else:
            place = len(folded)
            folded.append(moment)
        latest[key] = place, moment.at, gist
    return folded


def _gist(text: str) -> str:
    """What it says but for its numbers."""
    return "".join(letter for letter in text if not letter.isdigit())


# Not one of ANALYSERS: it only says what to keep while files stream past.
WANTED = Analyser(
    code="timeline",
    title="Timeline",
    judge=lambda _evidence: (),
    reads=(CHANGES, LEDGER, KERNEL_CRASHES, BOOTS, CLOCK),
    watches=_WATCHES,
)
