"""Units of systemd that failed, the appliance's own and the machine's."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement, Seen, Watch
from support.analysers.documents import cite, listed_in
from support.analysers.telling import failed, passed, unknown, warned

UNITS = "systemd/units.json"
SERVICES = "systemd/services.json"
SAID = "failed-units.said"


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
    for unit in down:
        detail = details.get(unit.unit)
        words = f"{unit.unit} has failed{_why(detail)}"
        lines = [cite(evidence, UNITS, f'"{unit.unit}"', words), *_log(evidence, unit.unit)]
        if detail is not None and detail.service:
            yield failed(words, lines, f"sudo caretaker remedies run services {detail.service}")
        else:
            yield warned(words, lines, f"systemctl status {unit.unit}")
    if not down:
        yield passed("No unit of systemd has failed")


def _why(detail: Show | None) -> str:
    if detail is None or not detail.Result or detail.Result == "success":
        return ""
    status = str(detail.ExecMainStatus or "")
    return f" ({detail.Result}{f', status {status}' if status not in ('', '0') else ''})"


def _log(evidence: Evidence, unit: str) -> list[Seen]:
    """The last it said of what went wrong."""
    return [seen for seen in evidence.lines(SAID) if seen.file == f"journal/{unit}.log"][-3:]


ANALYSER = Analyser(
    code="failed-units",
    title="Failed units",
    judge=judge,
    reads=(UNITS, SERVICES),
    watches=(
        Watch(
            SAID,
            ("journal/*.service.log",),
            rb"\b(?:ERROR|FATAL|PANIC|CRITICAL)\b|(?:[Ee]rror|[Ff]atal|panic|Exception): "
            rb"|Traceback \(|\b(?:[Cc]annot|[Ff]ailed to|[Rr]efused|[Dd]enied)\b",
        ),
    ),
)
