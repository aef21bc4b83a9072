"""Where the time of a change goes, by what it told of itself while it was made.

Owns reading `progress.jsonl` of the machine. Refuses to measure anything: each line has its time.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass

from tests.machine.machine import Machine

PROGRESS = "/run/caretaker-change/progress.jsonl"
_BEGINS, _ENDS = "drain", "first good verdict"  # what lies between is downtime


@dataclass(frozen=True)
class Phase:
    """`name` is the step's code; what the last one ends with is the first good verdict."""

    name: str
    seconds: float
    down: bool


def phases(machine: Machine) -> list[Phase]:
    """The steps of the newest change, in their order."""
    marks = _marks([json.loads(line) for line in machine.read(PROGRESS).splitlines()])
    found, down = [], False
    for (name, at), (following, then) in itertools.pairwise(marks):
        down = down or name == _BEGINS
        found.append(Phase(name, then - at, down))
        down = down and following != _ENDS
    return found


def _marks(told: list[dict[str, object]]) -> list[tuple[str, float]]:
    """Steps, and the first good verdict, with when each began."""
    found: list[tuple[str, float]] = []
    for line in told:
        at = float(str(line.get("at", 0.0)))
        if line["type"] == "step":
            found.append((str(line["code"]), at))
        elif line["type"] == "advance" and found and found[-1][0] == "gate":  # the first one only
            found.append((_ENDS, at))
    return found
