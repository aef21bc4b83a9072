"""Each file of a corpus alone, as through `caretaker redact < in > out`: without a name and without
what other files tell.

Owns the run and the table of where names are missed: by kind, by the file's format and by what
stands around the name. Refuses to print lines of the corpus; who writes rules must not read it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from bench.health.table import Bar, Report
from bench.redaction.corpus import Label, Sample
from bench.redaction.score import Score, scored
from support.redact.identities import Identities
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor

_KEY = b"one key for all of them 012345678"
_MOST = 40  # rows


def singly(samples: list[Sample]) -> tuple[Score, Report]:
    """All with one key, as one user's files are."""
    outputs = {}
    with tempfile.TemporaryDirectory(prefix="redaction-single-") as store:
        for sample in samples:
            names = Identities(_KEY, Path(store))
            data = sample.text.encode()
            names.learn("", data)
            redactor = Redactor(KnownValues.none(), names)
            out = b"".join(redactor.file("stdin", [data], Counter()))
            outputs[sample.path] = out.decode(errors="replace")
    score = scored(samples, outputs)
    return score, _report(samples, outputs, score)


def _report(samples: list[Sample], outputs: dict[str, str], score: Score) -> Report:
    made = Report("Redaction: each file alone", head=("names missed", "places"))
    made.bars = [
        Bar("benign survival", score.benign.share, 0.985, least=True),
        Bar("clean lines", score.lines.share, 0.97, least=True),
        Bar("names", score.hidden.share, 0.99, least=True),
        *(Bar(f"names: {kind}", each.share, 0.97, least=True)
          for kind, each in score.people.items()),
        Bar("pseudonyms consistent", score.names.consistent(), 1.0, least=True),
        Bar("pseudonyms distinct", score.names.distinct(), 1.0, least=True),
        Bar("pseudonyms of the same type", score.names.typed(), 0.98, least=True),
        Bar("structured files that parse", score.parses.share, 1.0, least=True),
    ]  # fmt: skip
    made.figures = {bar.figure: bar.measured for bar in made.bars}
    where: Counter[str] = Counter()
    for sample in samples:
        for label in sample.labels:
            if label.what == "identity" and sample.said(label) in outputs[sample.path]:
                where[_around(sample, label)] += 1
    made.rows = [[place, str(times)] for place, times in where.most_common(_MOST)]
    return made


def _around(sample: Sample, label: Label) -> str:
    before = sample.text[max(0, label.start - 2) : label.start].replace("\n", "⏎")
    after = sample.text[label.end : label.end + 2].replace("\n", "⏎")
    masked = ("".join("x" if each.isalnum() else each for each in part) for part in (before, after))
    file = sample.path.rpartition("/")[2]
    return f"{label.name} in {sample.format}, {file}: {'…'.join(masked)}"
