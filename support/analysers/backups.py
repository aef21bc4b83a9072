"""Backups: none, old, unsound, or failing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen
from support.analysers.documents import cite, document, lines_of
from support.analysers.stamp import utc
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.timeline import LEDGER
from support.analysers.window import CLOCK, end_of, spell

BACKUPS = "backups/backups.json"
MAKE = "sudo caretaker backup create"
_OLD, _VERY_OLD, _DAY = 2.0, 7.0, 86400.0


class _Backups(msgspec.Struct):
    place: str | None = None
    chosen: bool | None = None
    backups: list[dict[str, Any]] | None = None
    last: float | None = None
    problem: str | None = None


class _Entry(msgspec.Struct):
    at: float
    act: str
    outcome: str | None = None
    why: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    backups = document(evidence, BACKUPS, _Backups)
    found = [*_failures(evidence), *([] if backups is None else _of(evidence, backups))]
    yield from found
    if not found and backups is None:
        yield unknown("Which backups there are was not collected", advice="sudo caretaker backup")
    elif not found:
        yield passed("There is a recent backup")


def _of(evidence: Evidence, backups: _Backups) -> Iterator[Judgement]:
    if backups.problem:
        words = f"The place of the backups does not answer: {backups.problem}"
        yield failed(words, [cite(evidence, BACKUPS, '"problem"', words)], "sudo caretaker backup")
    for each in backups.backups or []:
        if each.get("sound") is False:
            words = f"Backup {each.get('id')} is damaged: {each.get('why') or 'no reason'}"
            yield failed(words, [cite(evidence, BACKUPS, f'"{each.get("id")}"', words)],
                         f"sudo caretaker backup verify --full; then: {MAKE}")  # fmt: skip
    newest = _newest(backups)
    if newest is None:
        if not backups.problem:
            words = "There is no backup that Caretaker made"
            yield warned(words, [cite(evidence, BACKUPS, '"last"', words)], MAKE)
        return
    age = end_of(evidence, newest) - newest
    if age > _OLD * _DAY:
        words = f"The newest backup is {spell(age)} old ({utc(newest)})"
        tell = failed if age > _VERY_OLD * _DAY else warned
        yield tell(words, [cite(evidence, BACKUPS, '"last"', words)], MAKE)


def _newest(backups: _Backups) -> float | None:
    made = [each.get("created") for each in backups.backups or [] if each.get("sound") is not False]
    known = [float(each) for each in (*made, backups.last) if isinstance(each, int | float)]
    return max(known, default=None)


def _failures(evidence: Evidence) -> Iterator[Judgement]:
    """The last try in the window, where it failed."""
    tries = [
        (number, entry)
        for number, entry in lines_of(evidence, LEDGER, _Entry) or []
        if entry.act in ("backup", "backup-create", "backup-verify")
    ]
    if tries and tries[-1][1].outcome == "failed":
        number, entry = tries[-1]
        words = f"The last backup failed at {utc(entry.at)}: {entry.why or 'no reason is given'}"
        yield failed(words, [Seen(LEDGER, number, words)], MAKE)


ANALYSER = Analyser(code="backups", title="Backups", judge=judge, reads=(BACKUPS, LEDGER, CLOCK))
