"""One file before and after: what leaked, what was destroyed.

Owns the definitions. A secret leaked where any five characters in a row of its core are in the
output, unless they stand elsewhere in the input too. Something benign survived where it stands in
the output as often as in the input. A clean line has neither a secret nor a name in it.
"""

from __future__ import annotations

import configparser
import csv
import io
import json
import re
import tomllib
import xml.dom.minidom
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml

from bench.redaction.corpus import Label, Sample

PIECE = 5


@dataclass
class Tally:
    """Of so many, so many went well. `missed` says where not."""

    total: int = 0
    well: int = 0
    missed: list[str] = field(default_factory=list)

    def add(self, total: int, missed: int) -> None:
        self.total += total
        self.well += total - missed

    @property
    def share(self) -> float:
        return self.well / self.total if self.total else 1.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.total + other.total, self.well + other.well, self.missed + other.missed)


@dataclass
class FileScore:
    """`secrets` by group, `people` by kind."""

    secrets: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    people: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    benign: Tally = field(default_factory=Tally)
    lines: Tally = field(default_factory=Tally)
    parses: Tally = field(default_factory=Tally)


def score_file(sample: Sample, output: str) -> FileScore:
    score = FileScore()
    rest = _without(sample, "secret")
    _secrets(sample, output, rest, score)
    _benign(sample, output, score)
    _lines(sample, output, score)
    _people(sample, output, score)
    if _parses(sample.format, sample.text):
        broken = not _parses(sample.format, output)
        score.parses.add(1, int(broken))
        if broken:
            score.parses.missed.append(f"{sample.path}: no longer {sample.format}")
    return score


def _without(sample: Sample, *what: str) -> str:
    parts, at = [], 0
    for label in sample.labels:
        if label.what in what:
            parts.append(sample.text[at : label.start])
            at = label.end
    return "\0".join([*parts, sample.text[at:]])


def _grams(text: str) -> set[str]:
    return {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)}


def _secrets(sample: Sample, output: str, rest: str, score: FileScore) -> None:
    here = _grams(output) - _grams(rest)
    alike: defaultdict[tuple[str, tuple[str, ...]], list[Label]] = defaultdict(list)
    for label in sample.labels:
        if label.what == "secret":
            alike[label.name, label.cores].append(label)
    for (group, cores), labels in alike.items():
        left = set[str]().union(*(_grams(core) for core in cores)) & here
        times = max((output.count(piece) for piece in left), default=0)
        missed = min(len(labels), times)
        score.secrets[group].add(len(labels), missed)
        for label in labels[:missed]:
            score.secrets[group].missed.append(f"{group}: {context(sample, label)}")


def _benign(sample: Sample, output: str, score: FileScore) -> None:
    wanted = Counter(sample.said(label) for label in sample.labels if label.what == "benign")
    where = {sample.said(label): label for label in sample.labels if label.what == "benign"}
    for text, times in wanted.items():
        there = output.count(text)
        lost = times - min(times, max(0, there))
        score.benign.add(times, lost)
        if lost:
            score.benign.missed.append(f"benign: {context(sample, where[text])}")


def _lines(sample: Sample, output: str, score: FileScore) -> None:
    there = Counter(output.splitlines())
    for _start, line, labels in lines_of(sample):
        if line.strip() and all(label.what == "benign" for label in labels):
            kept = there[line] > 0
            there[line] -= 1
            score.lines.add(1, int(not kept))
            if not kept:
                score.lines.missed.append(f"line: {sample.path}: {line.strip()[:150]}")


def lines_of(sample: Sample) -> Iterator[tuple[int, str, list[Label]]]:
    """Each line with where it starts and the labels that touch it."""
    start, pending = 0, list(sample.labels)
    for line in sample.text.splitlines(keepends=True):
        end = start + len(line)
        touching = [label for label in pending if label.start < end and label.end > start]
        pending = [label for label in pending if label.end > end]
        yield start, line.rstrip("\n"), touching
        start = end


def _people(sample: Sample, output: str, score: FileScore) -> None:
    rest = _without(sample, "secret", "identity")
    alike: defaultdict[tuple[str, str], list[Label]] = defaultdict(list)
    for label in sample.labels:
        if label.what == "identity":
            alike[label.name, sample.said(label)].append(label)
    for (kind, text), labels in alike.items():
        whole = re.compile(rf"(?<![\w-])(?<!\w\.){re.escape(text)}(?![\w-]|\.\w)")
        left = len(whole.findall(output)) - len(whole.findall(rest))
        # A host name that is left within a longer one counts for that one.
        missed = min(len(labels), max(0, left))
        score.people[kind].add(len(labels), missed)
        for label in labels[:missed]:
            score.people[kind].missed.append(f"{kind}: {context(sample, label)}")


def context(sample: Sample, label: Label) -> str:
    """The label in its line, in guillemets, with where that is."""
    start = sample.text.rfind("\n", 0, label.start) + 1
    end = sample.text.find("\n", label.end)
    end = len(sample.text) if end < 0 else end
    line = sample.text.count("\n", 0, label.start) + 1
    before = sample.text[max(start, label.start - 90) : label.start]
    said = sample.said(label).replace("\n", "⏎")
    said = said if len(said) < 90 else f"{said[:60]}…{said[-20:]}"
    return f"{sample.path}:{line}: {before}«{said}»{sample.text[label.end : end][:60]}"


def _ini(text: str) -> None:
    configparser.RawConfigParser(strict=False, allow_no_value=True).read_string(text)


def _csv(text: str) -> None:
    first = text.split("\n", 1)[0]
    mark = max(",;\t", key=first.count)
    if len({len(row) for row in csv.reader(io.StringIO(text), delimiter=mark) if row}) != 1:
        raise ValueError("rows of several lengths")


def _json_lines(text: str) -> None:
    for line in text.splitlines():
        json.loads(line)


_PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "jsonl": _json_lines,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "toml": tomllib.loads,
    "xml": xml.dom.minidom.parseString,
    "ini": _ini,
    "csv": _csv,
    "tsv": _csv,
}


def _parses(form: str, text: str) -> bool:
    if form not in _PARSERS:
        return False
    try:
        _PARSERS[form](text)
    except (ValueError, yaml.YAMLError, configparser.Error, SyntaxError):
        return False
    except Exception as error:  # expat's own error is no ValueError
        if type(error).__name__ == "ExpatError":
            return False
        raise
    return True
