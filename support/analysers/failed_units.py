"""Units of systemd that failed. The appliance's own services are told of in `services`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen, Watch
from support.analysers.documents import cite, listed_in
from support.analysers.telling import failed, passed, unknown, warned

UNITS = "systemd/units.json"
SERVICES = "systemd/services.json"
# What a service says when something goes wrong, for the lines before its end.
SAYS = Watch(
    "failed-units.said",
    ("journal/*.service.log",),
    rb"\b(?:ERROR|FATAL|PANIC|CRITICAL)\b|(?:[Ee]rror|[Ff]atal|panic|Exception): "
    rb"|Traceback \(|\b(?:[Cc]annot|[Ff]ailed to|[Rr]efused|[Dd]enied)\b",
)


class _Unit(msgspec.Struct):
    unit: str
    active: str = ""
    sub: str = ""
    load: str = ""


class Show(msgspec.Struct):
    """As `systemctl show` has it; `service` is its name in the manifest."""

    Id: str
    service: str | None = None
    ActiveState: str = ""
    SubState: str = ""
    LoadState: str = ""
    UnitFileState: str | None = None
    Result: str | None = None
    NRestarts: int | str | None = None
    ExecMainStatus: int | str | None = None
    ExecMainCode: int | str | None = None

    @property
    def restarts(self) -> int:
        text = str(self.NRestarts or "")
        return int(text) if text.isdecimal() else 0


def judge(evidence: Evidence) -> Iterator[Judgement]:
    units = listed_in(evidence, UNITS, _Unit)
    if units is None:
        yield unknown("Systemd's units were not collected", advice="systemctl --failed")
        return
    details = {each.Id: each for each in listed_in(evidence, SERVICES, Show) or []}
    down = [each for each in units if each.active == "failed"]
    others = [each for each in down if not _is_service(details.get(each.unit))]
    for unit in others:
        words = f"{unit.unit} has failed{why(details.get(unit.unit))}"
        lines = [cite(evidence, UNITS, f'"{unit.unit}"', words), *said(evidence, unit.unit)]
        ours = unit.unit.startswith("caretaker")
        yield (failed if ours else warned)(words, lines, f"systemctl status {unit.unit}")
    if not others:
        yield passed(f"No unit{' but services' if down else ''} of systemd has failed")


def _is_service(detail: Show | None) -> bool:
    return detail is not None and bool(detail.service)


def why(detail: Show | None) -> str:
    """` (exit-code, status 98)`."""
    if detail is None or not detail.Result or detail.Result == "success":
        return ""
    status = str(detail.ExecMainStatus or "")
    return f" ({detail.Result}{f', status {status}' if status not in ('', '0') else ''})"


def said(evidence: Evidence, unit: str) -> list[Seen]:
    """The last it said of what went wrong."""
    return [seen for seen in evidence.lines(SAYS.code) if seen.file == f"journal/{unit}.log"][-3:]


ANALYSER = Analyser(
    code="failed-units",
    title="Failed units",
    judge=judge,
    reads=(UNITS, SERVICES),
    watches=(SAYS,),
)
