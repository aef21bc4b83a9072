"""One bundle studied while its files stream past: judgements, timeline, samples, facts.

Owns the one thing that packing, `analyse` and the report call. Refuses to read files or bundles:
whoever calls it feeds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from agent.manifest.support import Look
from support.analysers import ANALYSERS
from support.analysers import samples as sampled
from support.analysers import timeline as told
from support.analysers.analyser import Judgement
from support.analysers.facts import WANTED as FACTS
from support.analysers.facts import facts_of
from support.analysers.gather import Gathered
from support.analysers.judge import judge
from support.analysers.look import look_analysers
from support.analysers.samples import Sample
from support.analysers.timeline import Moment

FORMAT = 1


class Study:
    """`feed` each file's redacted blocks, `close` it; at the end ask.

    `looks`: the vendor's own. `store`: a closed folder for what was compiled.
    """

    def __init__(
        self, looks: Mapping[str, Look] | None = None, *, store: Path | None = None
    ) -> None:
        self._analysers = (*ANALYSERS, *look_analysers(looks or {}))
        wanted = (told.WANTED, sampled.WANTED, FACTS)
        self.evidence = Gathered((*self._analysers, *wanted), store=store)
        self.feed = self.evidence.feed
        self.close = self.evidence.close

    def take(self, files: Iterable[tuple[str, Iterable[bytes]]]) -> None:
        """All files of an opened bundle: names with their blocks."""
        for name, blocks in files:
            for block in blocks:
                self.feed(name, block)
            self.close(name)

    def judgements(self) -> list[Judgement]:
        return judge(self._analysers, self.evidence)

    def timeline(self) -> list[Moment]:
        return told.timeline(self.evidence)

    def samples(self) -> list[Sample]:
        return sampled.samples(self.evidence)

    def facts(self) -> list[tuple[str, str]]:
        return facts_of(self.evidence)


def analysis_json(judgements: Iterable[Judgement]) -> bytes:
    """The content of `analysis.json`."""
    return _document({"format": FORMAT, "judgements": list(judgements)})


def timeline_json(moments: Iterable[Moment]) -> bytes:
    """The content of `timeline.json`."""
    return _document({"format": FORMAT, "moments": list(moments)})


def _document(value: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
