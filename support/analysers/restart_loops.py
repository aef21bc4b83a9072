"""Units that systemd starts over and over."""

from __future__ import annotations

from collections.abc import Iterator

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, listed_in
from support.analysers.failed_units import SERVICES, Show
from support.analysers.telling import failed, passed, times, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

_SOME, _MANY = 3, 10
_TROUBLES = (
    # src/core/service.c of systemd, service_enter_start and unit_log_...
    Trouble(
        "restart-loops.given-up",
        rb"Start request repeated too quickly|start-limit-hit",
        "Systemd gave a unit up after starting it too often",
        "what it said last is in its log here; then: sudo caretaker remedies plan services",
        files=("journal/*.log",),
    ),
)  # fmt: skip


def judge(evidence: Evidence) -> Iterator[Judgement]:
    services = listed_in(evidence, SERVICES, Show)
    found = [*_counted(evidence, services or []), *told(evidence, _TROUBLES)]
    yield from found
    if not found and services is None:
        yield unknown("How often units were restarted was not collected")
    elif not found:
        yield passed("No unit is started over and over")


def _counted(evidence: Evidence, services: list[Show]) -> Iterator[Judgement]:
    for each in services:
        if each.restarts < _SOME:
            continue
        words = f"{each.Id} was restarted {times(each.restarts)} since it was started"
        seen = cite(evidence, SERVICES, f'"{each.Id}"', words)
        name = each.service or each.Id
        advice = f"sudo caretaker logs {name} -n 100" if each.service else f"journalctl -u {name}"
        yield (failed if each.restarts >= _MANY else warned)(words, [seen], advice)


ANALYSER = Analyser(
    code="restart-loops",
    title="Restart loops",
    judge=judge,
    reads=(SERVICES, CLOCK),
    watches=watches_of(_TROUBLES),
)
