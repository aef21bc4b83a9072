"""A system, or a version of the application, that its makers no longer mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.patching.support import announced
from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document
from support.analysers.telling import failed, passed, unknown, warned
from support.analysers.window import CLOCK, end_of, spell

ENVIRONMENT = "system/environment.json"
RELEASE = "changes/migrations.json"
_SOON = 90 * 86400.0


class _Environment(msgspec.Struct):
    os: dict[str, Any] | None = None


class _Release(msgspec.Struct):
    version: str | None = None
    supported_until: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    yield from _release(evidence)
    yield from _system(evidence)


def _release(evidence: Evidence) -> Iterator[Judgement]:
    """The vendor's own word on this version, where there is one."""
    release = document(evidence, RELEASE, _Release)
    until = release.supported_until or "" if release is not None else ""
    end = _at(until)
    if release is None or end is None:
        return
    name = f"Version {release.version} of the application"
    left = end - end_of(evidence, end)
    seen = [cite(evidence, RELEASE, '"supported_until"', f"{name}: supported until {until}")]
    advice = "ask the vendor for a newer release; then: sudo caretaker upgrade FILE"
    if left < 0:
        yield failed(f"{name} has been out of support for {spell(-left)}", seen, advice)
    elif left < _SOON:
        yield warned(f"{name} will be out of support in {spell(left)}", seen, advice)
    else:
        yield passed(f"{name} is supported until {until}")


def _system(evidence: Evidence) -> Iterator[Judgement]:
    found = document(evidence, ENVIRONMENT, _Environment)
    system = (found.os or {}) if found else {}
    name = str(system.get("PRETTY_NAME") or system.get("NAME") or "this system")
    usual, late = announced(str(system.get("ID", "")), str(system.get("VERSION_ID", "")))
    usual = str(system.get("SUPPORT_END") or usual)
    ends = [at for at in (_at(usual), _at(late)) if at is not None]
    if not ends:
        yield unknown(f"How long {name} is mended is not known here")
        return
    now = end_of(evidence, ends[0])
    seen = [cite(evidence, ENVIRONMENT, '"VERSION_ID"', f"{name}: mended until {usual or late}")]
    advice = "plan the move to a newer image with the vendor; sudo caretaker os"
    if now > max(ends):
        yield failed(f"{name} has had no fixes for {spell(now - max(ends))}", seen, advice)
    elif now > ends[0]:
        words = f"{name} has only long-term fixes since {usual}, until {late}"
        yield warned(words, seen, advice)
    elif ends[0] - now < _SOON and len(ends) == 1:
        yield warned(f"{name} will have no fixes in {spell(ends[0] - now)}", seen, advice)
    else:
        yield passed(f"{name} is mended until {usual or late}")


def _at(date: str) -> float | None:
    try:
        return datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


ANALYSER = Analyser(
    code="support-end", title="End of support", judge=judge, reads=(ENVIRONMENT, RELEASE, CLOCK)
)
