"""What scanners' reports say, counted, each failure beside its published reason.

Owns reading XCCDF results and Lynis's report. Refuses to count a refused rule as passed: the
percentage is over all that apply.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from packer.harden.refusals import reason

_NS = "{http://checklists.nist.gov/xccdf/1.2}"
_RULE = "xccdf_org.ssgproject.content_rule_"
_BAD = ("fail", "error", "unknown")


@dataclass(frozen=True)
class Benchmark:
    """Rules of a profile by their result; `failed` maps a rule to its reason, "" for none."""

    counts: Counter[str]
    failed: dict[str, str]

    @property
    def applicable(self) -> int:
        return self.counts["pass"] + sum(self.counts[word] for word in _BAD)

    @property
    def percent(self) -> float:
        return 100 * self.counts["pass"] / max(1, self.applicable)

    @property
    def unexplained(self) -> list[str]:
        return sorted(rule for rule, why in self.failed.items() if not why)


@dataclass(frozen=True)
class Audit:
    """Lynis's index, and its suggestions and warnings by test."""

    index: int
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wanted:
    """Which profile, which scanners, and where their own reports stay."""

    profile: str
    scanners: tuple[str, ...]
    keep: Path | None = None


Found = tuple[Benchmark | None, Audit | None]
"""What OpenSCAP and Lynis said; None of one that was left out."""


def read_xccdf(xml: str) -> Benchmark:
    counts: Counter[str] = Counter()
    failed: dict[str, str] = {}
    for result in ElementTree.fromstring(xml).iter(f"{_NS}rule-result"):
        word = result.findtext(f"{_NS}result", "")
        if word == "notselected":
            continue
        counts[word] += 1
        if word in _BAD:
            rule = result.get("idref", "").removeprefix(_RULE)
            failed[rule] = reason(rule)
    return Benchmark(counts, failed)


def read_lynis(report: str) -> Audit:
    index = re.search(r"^hardening_index=(\d+)$", report, re.MULTILINE)
    said = re.findall(
        r"^(?:suggestion|warning)\[\]=([^|]*)\|([^|]*)\|([^|]*)", report, re.MULTILINE
    )
    lines = tuple((test, f"{words} {more}".strip(" -")) for test, words, more in said)
    return Audit(int(index[1]) if index else 0, lines)
