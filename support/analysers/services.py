"""Services of the appliance that should run and do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document, listed_in
from support.analysers.failed_units import SAYS, SERVICES, Show, said, why
from support.analysers.health import VERDICT
from support.analysers.telling import failed, many, passed, unknown, warned

LEFT = "caretaker/left-stopped.json"
_UP = frozenset(("active", "reloading", "activating", "refreshing"))


class _Service(msgspec.Struct):
    name: str
    running: bool | None = None
    state: str | None = None
    summary: str | None = None


class _Report(msgspec.Struct):
    services: list[_Service] | None = None


class _Verdict(msgspec.Struct):
    report: _Report | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    services = _reported(evidence)
    shown = [each for each in listed_in(evidence, SERVICES, Show) or [] if each.service]
    if not services and not shown:
        yield unknown("How the services stand was not collected", advice="sudo caretaker status")
        return
    left = document(evidence, LEFT, dict[str, Any]) or {}
    down = {each.name: f" ({each.summary or each.state or 'down'})" for each in services
            if each.running is False}  # fmt: skip
    for show in shown:
        if show.ActiveState not in _UP:
            reason = why(show) or f" ({show.Id} is {show.ActiveState or 'unknown'})"
            down.setdefault(show.service or show.Id, reason)
    units = {show.service or show.Id: show.Id for show in shown}
    for name, reason in down.items():
        told = _told(evidence, name, reason, left=left)
        last = said(evidence, units.get(name, f"{name}.service"))
        yield msgspec.structs.replace(told, evidence=(*told.evidence, *last))
    for show in shown:
        if show.UnitFileState == "masked" or show.LoadState in ("masked", "not-found", "error"):
            words = f"{show.Id} can't be started: it is {show.LoadState or show.UnitFileState}"
            yield warned(words, [cite(evidence, SERVICES, f'"{show.Id}"', words)],
                         "sudo /opt/<app>/setup.sh puts units back")  # fmt: skip
    if not down:
        yield passed(f"{many(len(services) or len(shown), 'service')} of the appliance: all run")


def _reported(evidence: Evidence) -> list[_Service]:
    verdict = document(evidence, VERDICT, _Verdict)
    return [] if verdict is None or verdict.report is None else verdict.report.services or []


def _told(evidence: Evidence, name: str, reason: str, *, left: dict[str, Any]) -> Judgement:
    words = f"Service {name} does not run{reason}"
    lines = [
        cite(evidence, file, f'"{name}"', words)
        for file in (VERDICT, SERVICES)
        if file in evidence.names()
    ]
    if name in left or name in left.get("services", {}):
        words += "; it kept failing and was left stopped"
        lines.append(cite(evidence, LEFT, f'"{name}"', words))
    advice = f"sudo caretaker logs {name} -n 100; then: sudo caretaker remedies run services {name}"
    return failed(words, lines, advice)


ANALYSER = Analyser(
    code="services",
    title="Services of the appliance",
    judge=judge,
    reads=(VERDICT, SERVICES, LEFT),
    watches=(SAYS,),
)
