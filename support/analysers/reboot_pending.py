"""A restart of the machine that installed updates wait for."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.telling import listed, passed, unknown, warned

PROBLEMS = "packages/problems.json"
PENDING = "packages/pending.json"


class _Problems(msgspec.Struct):
    reboot_required: bool | None = None
    reboot_packages: list[str] | None = None


class _Pending(msgspec.Struct):
    reboot: bool | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    problems = document(evidence, PROBLEMS, _Problems)
    pending = document(evidence, PENDING, _Pending)
    if problems is None and pending is None:
        yield unknown("Whether a restart is due was not collected")
    elif problems is not None and problems.reboot_required:
        by = listed(problems.reboot_packages or [])
        words = f"The machine must be restarted{f' for {by}' if by else ''}"
        seen = cite(evidence, PROBLEMS, '"reboot_required"', words)
        yield warned(words, [seen], "choose a quiet hour; then: sudo caretaker os upgrade --reboot")
    elif pending is not None and pending.reboot:
        words = "The machine must be restarted for updates that were installed"
        seen = cite(evidence, PENDING, '"reboot"', words)
        yield warned(words, [seen], "choose a quiet hour; then: sudo caretaker os upgrade --reboot")
    else:
        yield passed("No restart is due")


ANALYSER = Analyser(
    code="reboot-pending", title="Restart due", judge=judge, reads=(PROBLEMS, PENDING)
)
