"""Programs that ran out of open files, or will."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.telling import passed, unknown, warned
from support.analysers.troubles import Trouble, told, watches_of
from support.analysers.window import CLOCK

LIMITS = "system/limits.json"
ADVICE = "raise LimitNOFILE= of its unit; what it has open: sudo ls /proc/PID/fd"
_NEAR = 0.8
_TROUBLES = (
    Trouble(
        "open-files.lines",
        rb"(?i)too many open files|\bEMFILE\b|\bENFILE\b|file-max limit \d+ reached",
        "A program had too many files open",
        ADVICE,
    ),
)


class _Process(msgspec.Struct):
    pid: int = 0
    name: str = ""
    service: str | None = None
    open_files: int | None = None
    limits: dict[str, Any] | None = None


class _Files(msgspec.Struct):
    open: float | None = None
    max: float | None = None


class _Limits(msgspec.Struct):
    files: _Files | None = None
    processes: list[_Process] | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    limits = document(evidence, LIMITS, _Limits)
    found = [*([] if limits is None else _near(evidence, limits)), *told(evidence, _TROUBLES)]
    yield from found
    if not found and limits is None:
        yield unknown("How many files are open was not collected")
    elif not found:
        yield passed("No program is near its limit of open files")


def _near(evidence: Evidence, limits: _Limits) -> Iterator[Judgement]:
    for each in limits.processes or []:
        most = _soft(each.limits or {})
        if most and each.open_files is not None and each.open_files >= _NEAR * most:
            name = each.service or each.name
            words = f"{name} has {each.open_files} of {most:.0f} files open"
            advice = ADVICE.replace("PID", str(each.pid))
            yield warned(words, [cite(evidence, LIMITS, f'"pid": {each.pid}', words)], advice)
    files = limits.files
    if files and files.open and files.max and files.open >= _NEAR * files.max:
        words = f"The machine has {files.open:.0f} of {files.max:.0f} files open"
        yield warned(words, [cite(evidence, LIMITS, '"files"', words)], "sysctl fs.file-max")


def _soft(limits: dict[str, Any]) -> float:
    """Of /proc/PID/limits, "Max open files"."""
    for name, value in limits.items():
        if "open files" in name.lower() and isinstance(value, list) and value:
            return float(value[0]) if str(value[0]).isdigit() else 0.0
    return 0.0


ANALYSER = Analyser(
    code="open-files",
    title="Open files",
    judge=judge,
    reads=(LIMITS, CLOCK),
    watches=watches_of(_TROUBLES),
)
