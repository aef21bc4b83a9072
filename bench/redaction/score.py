"""The corpus through `caretaker redact IN OUT`, and the score of what came out.

Owns the run and the sum. The bars are the issue's.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.health.table import Bar, Report
from bench.redaction.corpus import GROUPS, Sample, corpus, write
from bench.redaction.score_file import Tally, score_file
from bench.redaction.score_names import Names


@dataclass
class Score:
    """Of a whole corpus."""

    files: int = 0
    size: int = 0
    seconds: float = 0.0
    secrets: dict[str, Tally] = field(default_factory=dict)
    people: dict[str, Tally] = field(default_factory=dict)
    benign: Tally = field(default_factory=Tally)
    lines: Tally = field(default_factory=Tally)
    parses: Tally = field(default_factory=Tally)
    names: Names = field(default_factory=Names)

    @property
    def recall(self) -> Tally:
        return sum(self.secrets.values(), Tally())

    @property
    def hidden(self) -> Tally:
        return sum(self.people.values(), Tally())

    def failures(self) -> Iterator[str]:
        for tally in [*self.secrets.values(), self.benign, self.lines, *self.people.values()]:
            yield from tally.missed
        yield from self.parses.missed
        yield from self.names.inconsistent


def scored(samples: list[Sample], outputs: dict[str, str]) -> Score:
    """`outputs` by path; a file that is not there lost all that was benign in it."""
    total = Score(files=len(samples), size=sum(len(one.text.encode()) for one in samples))
    secrets: defaultdict[str, Tally] = defaultdict(Tally)
    people: defaultdict[str, Tally] = defaultdict(Tally)
    for sample in samples:
        output = outputs.get(sample.path, "")
        one = score_file(sample, output)
        for group, tally in one.secrets.items():
            secrets[group] += tally
        for kind, tally in one.people.items():
            people[kind] += tally
        total.benign += one.benign
        total.lines += one.lines
        total.parses += one.parses
        total.names.add(sample, output)
    total.secrets = {group: secrets[group] for group in GROUPS}
    total.people = dict(sorted(people.items()))
    return total


@contextmanager
def redacted(samples: list[Sample]) -> Iterator[tuple[Path, Path, float]]:
    """The folders before and after, and the CPU seconds between them."""
    with tempfile.TemporaryDirectory(prefix="redaction-bench-") as top:
        before, after = Path(top, "in"), Path(top, "out")
        write(samples, before)
        # An empty machine and a key of its own: what this one knows must not help.
        machine = Path(top, "machine")
        machine.mkdir()
        command = [sys.executable, "-m", "agent", "redact", "--root", str(machine)]
        command += ["--key", str(Path(top, "key")), str(before), str(after)]
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            raise SystemExit(
                f"caretaker redact ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        yield before, after, end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime


def read(samples: list[Sample], folder: Path) -> dict[str, str]:
    return {
        one.path: (folder / one.path).read_text(errors="replace")
        for one in samples
        if (folder / one.path).is_file()
    }


def run(seed: int, make: Callable[[int], list[Sample]] = corpus) -> Score:
    samples = make(seed)
    with redacted(samples) as (_, after, seconds):
        score = scored(samples, read(samples, after))
    score.seconds = seconds
    return score


def report(seed: int, score: Score) -> Report:
    """The table by group, and the bars."""
    every = score.recall.total
    made = Report(
        f"Redaction: seed {seed}, {score.files} files, {every} secrets",
        head=("what", "there are", "recall or survival"),
    )
    for group, tally in score.secrets.items():
        made.rows.append(
            [f"secrets: {GROUP_TITLES[group]}", str(tally.total), f"{tally.share:.3f}"]
        )
    for kind, tally in score.people.items():
        made.rows.append([f"names: {kind}", str(tally.total), f"{tally.share:.3f}"])
    consistent, distinct, typed = (
        score.names.consistent(),
        score.names.distinct(),
        score.names.typed(),
    )
    made.bars = [
        Bar("secret recall", score.recall.share, 0.95, least=True),
        Bar("benign survival", score.benign.share, 0.985, least=True),
        Bar("clean lines", score.lines.share, 0.97, least=True),
        *(
            Bar(f"recall of {GROUP_TITLES[group]}", tally.share, 0.85, least=True)
            for group, tally in score.secrets.items()
        ),
        Bar("addresses, hosts, users, e-mails", score.hidden.share, 0.99, least=True),
        Bar("pseudonyms consistent", consistent, 1.0, least=True),
        Bar("pseudonyms distinct", distinct, 1.0, least=True),
        Bar("pseudonyms of the same type", typed, 0.98, least=True),
        Bar("structured files that parse", score.parses.share, 1.0, least=True),
    ]
    made.figures = {bar.figure: bar.measured for bar in made.bars} | {
        "cpu_seconds": score.seconds,
        "bytes": score.size,
    }
    return made


GROUP_TITLES = {
    "token": "vendor tokens, JWT",
    "key": "private keys",
    "hash": "password hashes",
    "url": "URL and DSN credentials",
    "header": "headers, cookies, forms",
    "command": "command lines, shell history",
    "log": "log reprs, SQL, CSV, journal",
    "positional": "positional secret files",
    "config": "structured config",
    "env": "env, ini, code",
    "known": "known values, bare or encoded",
}
