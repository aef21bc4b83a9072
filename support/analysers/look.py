"""The vendor's own judgements: the `[look.NAME]` tables of a manifest, as analysers.

Owns what such a table means. Refuses to run a pattern on anything but RE2, which takes time linear
in the text whatever the pattern is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from agent.errors import ManifestError
from agent.manifest.support import Look
from support.analysers.analyser import Analyser, Evidence, Judgement, Watch
from support.analysers.documents import cite
from support.analysers.scan import complaint
from support.analysers.telling import answered, listed, passed, shown, there, times, unknown


def look_analysers(looks: Mapping[str, Look]) -> tuple[Analyser, ...]:
    """One for each; whose pattern is none says so, and costs neither a bundle nor the others."""
    return tuple(_analyser(name, look) for name, look in looks.items())


def refuse_bad(looks: Mapping[str, Look], where: str) -> None:
    """Raises ManifestError for the first pattern that is none."""
    for name, look in looks.items():
        if why := complaint(look.pattern):
            message = f"{where}: look.{name}.pattern is no regular expression of RE2: {why}"
            raise ManifestError("pattern-invalid", message, hint=f"${{EDITOR:-vi}} {where}")


def _analyser(name: str, look: Look) -> Analyser:
    code = f"look-{name}"
    if why := complaint(look.pattern):
        return Analyser(code=code, title=look.title, judge=partial(_no_pattern, why=why))
    watch = Watch(code, tuple(look.files), look.pattern.encode(), foreign=True)
    return Analyser(
        code=code, title=look.title, judge=partial(_judge, code=code, look=look), watches=(watch,)
    )


def _no_pattern(_evidence: Evidence, *, why: str) -> Iterator[Judgement]:
    yield unknown(f"Its pattern is none: {why}", advice="caretaker manifest check")


def _judge(evidence: Evidence, *, code: str, look: Look) -> Iterator[Judgement]:
    names = there(evidence, look.files)
    if not names:
        yield unknown(f"No file was collected that {listed(look.files)} means")
        return
    count = evidence.count(code)
    lines = evidence.lines(code)
    if look.missing and count < look.at_least:
        seen = [cite(evidence, each, text="nothing here says it") for each in names[:3]]
        yield answered(look.answer, f"{look.title}: nothing says so", seen, look.advice)
    elif not look.missing and count >= look.at_least:
        words = f"{look.title}: found {times(count)}"
        yield answered(look.answer, words, shown(lines), look.advice)
    else:
        yield passed(f"{look.title}: found {times(count)}" if count else f"{look.title}: not found")
