"""More work than the processors can do."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.memory import MEMORY
from support.analysers.samples import FILE, samples
from support.analysers.telling import passed, unknown, warned

_MUCH = 2.0  # for each processor, over 15 minutes
_BUSY, _SHARE = 95.0, 0.25  # per cent in use; of the window


class _Load(msgspec.Struct):
    load: list[float] | None = None
    cpus: int | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    now = document(evidence, MEMORY, _Load)
    found = samples(evidence)
    used = [each.facts["cpu_used_percent"] for each in found if "cpu_used_percent" in each.facts]
    if (now is None or not now.load) and not used:
        yield unknown("The load was not collected", advice="uptime")
        return
    told = False
    advice = "systemd-cgtop  # who works now; who did then: system/top.json"
    if now is not None and now.load and len(now.load) > 2 and now.load[2] > _MUCH * (now.cpus or 1):
        told = True
        words = f"The load is {now.load[2]:.1f} over 15 minutes, on {now.cpus or 1} processors"
        yield warned(words, [cite(evidence, MEMORY, '"load"', words)], advice)
    busy = sum(each >= _BUSY for each in used)
    if used and busy > _SHARE * len(used):
        told = True
        words = f"The processors were fully used in {100 * busy / len(used):.0f} % of the window"
        yield warned(words, [cite(evidence, FILE, text=words)], advice)
    if not told:
        yield passed("The processors have room")


ANALYSER = Analyser(code="load", title="Load", judge=judge, reads=(MEMORY, FILE))
