"""Asks every analyser what it makes of the evidence.

Owns the order of their answers, worst first, and that one which breaks costs only its own answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from support.analysers.analyser import Analyser, Answer, Evidence, Judgement

WORST_FIRST: tuple[Answer, ...] = ("fail", "warn", "unknown", "pass")
EVIDENCE = 12  # lines shown with one judgement
TOLD = 2000  # judgements of one analyser, so that none of them fills the report


def judge(analysers: Iterable[Analyser], evidence: Evidence) -> list[Judgement]:
    """All judgements: fail, warn, unknown, pass; within each in the order of the analysers."""
    found = [told for each in analysers for told in _told(each, evidence)]
    return sorted(found, key=lambda told: WORST_FIRST.index(told.answer))


def _told(analyser: Analyser, evidence: Evidence) -> Iterator[Judgement]:
    heard = 0
    try:
        for told in analyser.judge(evidence):
            heard += 1
            if heard > TOLD:
                return
            yield msgspec.structs.replace(
                told,
                code=told.code or analyser.code,
                title=told.title or analyser.title,
                evidence=told.evidence[:EVIDENCE],
            )
    except Exception as error:  # the files are whatever a broken machine wrote; the rest goes on
        yield Judgement(
            code=analyser.code,
            title=analyser.title,
            answer="unknown",
            summary=f"This analyser broke on the files of this bundle ({type(error).__name__})",
            advice="look at the files yourself, and tell the vendor which bundle this is",
        )
        return
    if not heard:
        yield Judgement(
            code=analyser.code,
            title=analyser.title,
            answer="unknown",
            summary="What it needs was not collected",
        )
