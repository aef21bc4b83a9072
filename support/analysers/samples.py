"""What the machine had over the window, as the daemon sampled it every minute.

Owns reading it. Refuses to fill gaps: where there is no sample, the daemon did not run.
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence
from support.analysers.documents import lines_of

FILE = "samples/samples.jsonl"
_MINUTE = 60.0


class Sample(msgspec.Struct, frozen=True):
    """One moment; names carry their units (docs/reference/support-files.md)."""

    at: float
    facts: dict[str, float]


def samples(evidence: Evidence) -> list[Sample]:
    """Oldest first; what is no number is left out."""
    found = []
    for _, line in lines_of(evidence, FILE, dict[str, Any]) or []:
        facts = {
            name: float(value)
            for name, value in line.items()
            if isinstance(value, int | float) and math.isfinite(value)
        }
        at = facts.pop("at", None)
        if at is not None:
            found.append(Sample(at, facts))
    return sorted(found, key=lambda sample: sample.at)


def distance(found: list[Sample]) -> float:
    """The usual seconds from one to the next, a minute at least: a few at a start prove nothing."""
    steps = [after.at - before.at for before, after in pairwise(found)]
    return max(_MINUTE, median(steps)) if steps else _MINUTE


WANTED = Analyser(code="samples", title="Samples", judge=lambda _evidence: (), reads=(FILE,))
