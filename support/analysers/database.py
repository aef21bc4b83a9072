"""The application's database: refused, out of connections, slow, damaged, or of an old version."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.database_lines import TROUBLES
from support.analysers.documents import cite, document, listed_in
from support.analysers.stamp import utc
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.troubles import told, watches_of
from support.analysers.window import CLOCK, end_of, spell

STATUS = "database/status.json"
ACTIVITY = "database/activity.json"
STORES = "database/stores.json"
_FULL, _LONG, _LAG = 0.9, 900.0, 60.0
# Last fixes of each major version: postgresql.org/support/versioning, as announced in 2026.
_ENDS = {12: 1_732_147_200, 13: 1_762_992_000, 14: 1_794_441_600, 15: 1_825_891_200,
         16: 1_857_340_800, 17: 1_888_790_400}  # fmt: skip


class _Status(msgspec.Struct):
    version: str | None = None
    connections: int | None = None
    connections_max: int | None = None
    oldest_transaction: float | None = None
    lag: float | None = None
    fenced: bool | None = None
    problem: str | None = None
    code: str | None = None
    hint: str | None = None


class _Session(msgspec.Struct):
    pid: int = 0
    application: str | None = None
    blocked_by: list[int] | None = None
    seconds: float | None = None
    state: str | None = None
    query: str | None = None


class _Store(msgspec.Struct):
    store: str = ""
    path: str = ""
    sound: bool | None = None
    why: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    status = document(evidence, STATUS, _Status)
    stores = listed_in(evidence, STORES, _Store)
    found = [
        *([] if status is None else _of(evidence, status)),
        *_blocked(evidence),
        *_stores(evidence, stores or []),
        *told(evidence, TROUBLES),
    ]
    yield from found
    if not found and status is None and stores is None:
        yield unknown("No database was asked: there is none, or it was not collected")
    elif not found:
        version = f", version {status.version}" if status is not None and status.version else ""
        yield passed(f"The database answers and has room for connections{version}")


def _of(evidence: Evidence, status: _Status) -> Iterator[Judgement]:
    if status.problem:
        words = f"The database could not be asked: {status.problem}"
        advice = status.hint or "sudo caretaker database"
        yield failed(words, [cite(evidence, STATUS, '"problem"', words)], advice)
        return
    used, most = status.connections or 0, status.connections_max or 0
    if most and used >= _FULL * most:
        words = f"The database has {used} of {most} connections in use"
        advice = "who holds them: database/activity.json here; then: sudo caretaker restart SERVICE"
        yield (failed if used >= most - 3 else warned)(
            words, [cite(evidence, STATUS, '"connections"', words)], advice
        )
    if (status.oldest_transaction or 0.0) > _LONG:
        words = f"A transaction has been open for {spell(status.oldest_transaction or 0.0)}"
        seen = [cite(evidence, STATUS, '"oldest_transaction"', words)]
        yield warned(words, seen, "database/activity.json here says whose; it keeps rows from"
                     " being cleaned up")  # fmt: skip
    if (status.lag or 0.0) > _LAG:
        words = f"A standby of the database is {spell(status.lag or 0.0)} behind"
        yield warned(words, [cite(evidence, STATUS, '"lag"', words)], "sudo caretaker database")
    if status.fenced:
        words = "The database is fenced: a move or a restore closed it to the application"
        yield failed(words, [cite(evidence, STATUS, '"fenced"', words)], "sudo caretaker database")
    yield from _version(evidence, status.version or "")


def _version(evidence: Evidence, version: str) -> Iterator[Judgement]:
    major = re.match(r"\d+", version)
    end = _ENDS.get(int(major.group())) if major else None
    if end is not None and end_of(evidence, end) > end:
        words = f"PostgreSQL {version} has had no fixes since {utc(end)[:10]}"
        yield warned(words, [cite(evidence, STATUS, '"version"', words)],
                     "plan the move to a newer one with the vendor")  # fmt: skip


def _blocked(evidence: Evidence) -> Iterator[Judgement]:
    sessions = listed_in(evidence, ACTIVITY, _Session) or []
    waiting = [each for each in sessions if each.blocked_by and (each.seconds or 0.0) > 30]
    if waiting:
        worst = max(waiting, key=lambda each: each.seconds or 0.0)
        holder = (worst.blocked_by or [0])[0]
        words = (
            f"{len(waiting)} statement{'s' if len(waiting) > 1 else ''} of the database wait for"
            f" a lock, the longest for {spell(worst.seconds or 0.0)}; process {holder} holds it"
        )
        text = f"process {worst.pid} waits for {holder}: {worst.query or ''}"
        yield warned(words, [cite(evidence, ACTIVITY, f'"pid": {worst.pid}', text)],
                     "see what that process does; sudo caretaker database")  # fmt: skip


def _stores(evidence: Evidence, stores: list[_Store]) -> Iterator[Judgement]:
    for each in stores:
        if each.sound is False:
            words = (
                f"The SQLite file {each.path or each.store} is damaged: {each.why or 'no reason'}"
            )
            advice = "stop the application; then: sudo caretaker backup restore latest --plan"
            yield failed(words, [cite(evidence, STORES, f'"{each.store}"', words)], advice)


ANALYSER = Analyser(
    code="database",
    title="Database",
    judge=judge,
    reads=(STATUS, ACTIVITY, STORES, CLOCK),
    watches=watches_of(TROUBLES),
)
