"""Housekeeping tasks that failed, broke off, or should have run and did not."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document, listed_in
from support.analysers.stamp import utc
from support.analysers.telling import failed, many, passed, unknown, warned
from support.analysers.window import CLOCK, end_of, spell

TASKS = "caretaker/tasks.json"
TIMERS = "systemd/timers.json"
# `look-round` runs each hour, most others each day, trim each week.
_USUAL, _OFTEN, _DAY = 9.0, {"look-round": 0.25}, 86400.0


class _Task(msgspec.Struct):
    began: float | None = None
    outcome: str | None = None
    summary: str | None = None
    why: str | None = None


class _Tasks(msgspec.Struct):
    tasks: dict[str, _Task] | None = None


class _Timer(msgspec.Struct):
    Id: str
    ActiveState: str = ""


def judge(evidence: Evidence) -> Iterator[Judgement]:
    found = document(evidence, TASKS, _Tasks)
    if found is None or not found.tasks:
        yield unknown("When tasks ran was not collected", advice="sudo caretaker housekeeping")
        return
    told = [each for name, task in found.tasks.items() for each in _of(evidence, name, task)]
    told += _timers(evidence)
    yield from told
    if not told:
        yield passed(f"{many(len(found.tasks), 'task')} of housekeeping ran and ended well")


def _of(evidence: Evidence, name: str, task: _Task) -> Iterator[Judgement]:
    advice = f"sudo caretaker housekeeping run {name}"
    began = task.began or 0.0
    if task.outcome in ("failed", "broke off"):
        words = f"Task {name} {task.outcome} at {utc(began)}: {task.why or task.summary or '?'}"
        tell = failed if name == "backup" else warned
        yield tell(words, [cite(evidence, TASKS, f'"{name}"', words)], advice)
        return
    if not began:
        return
    since = end_of(evidence, began) - began
    if task.outcome == "running" and since > _DAY:
        words = f"Task {name} has been running for {spell(since)}"
        yield warned(words, [cite(evidence, TASKS, f'"{name}"', words)], "sudo caretaker status")
    elif since > _OFTEN.get(name, _USUAL) * _DAY:
        words = f"Task {name} ran last {spell(since)} ago"
        seen = [cite(evidence, TASKS, f'"{name}"', words)]
        yield warned(words, seen, f"systemctl list-timers 'caretaker-task@{name}.timer'")


def _timers(evidence: Evidence) -> Iterator[Judgement]:
    for each in listed_in(evidence, TIMERS, _Timer) or []:
        if each.Id.startswith("caretaker-") and each.ActiveState in ("inactive", "failed"):
            words = f"{each.Id} is {each.ActiveState}, so its task does not run"
            yield warned(words, [cite(evidence, TIMERS, f'"{each.Id}"', words)],
                         "sudo /opt/<app>/setup.sh puts timers back")  # fmt: skip


ANALYSER = Analyser(
    code="housekeeping", title="Housekeeping", judge=judge, reads=(TASKS, TIMERS, CLOCK)
)
