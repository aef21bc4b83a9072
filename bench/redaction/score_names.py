"""Pseudonyms: the same for the same, another for another, and of the same type.

Owns reading them out of the output: a line of the input with names in it is found again in the
output by what stands between the names.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.redaction.corpus import Label, Sample
from bench.redaction.score_file import lines_of

_AHEAD = 60


@dataclass
class Names:
    """What each identity was called in the output, over all files."""

    called: defaultdict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    inconsistent: list[str] = field(default_factory=list)

    def add(self, sample: Sample, output: str) -> None:
        lines = output.splitlines()
        at = 0
        for start, line, labels in lines_of(sample):
            named = [label for label in labels if label.what == "identity"]
            # Each line is looked for, so that one without names is not taken for the next.
            if not line.strip() or any("\n" in sample.said(label) for label in labels):
                continue
            pattern = _pattern(sample, start, line, labels)
            for index in range(at, min(len(lines), at + _AHEAD)):
                hit = pattern.fullmatch(lines[index])
                if hit:
                    for number, label in enumerate(named):
                        key = (label.name, sample.said(label).lower())
                        self.called[key].add(hit[f"i{number}"].lower())
                    at = index + 1
                    break

    def consistent(self) -> float:
        well = sum(len(names) == 1 for names in self.called.values())
        self.inconsistent = [
            f"{kind} {text}: {sorted(names)}"
            for (kind, text), names in self.called.items()
            if len(names) > 1
        ]
        return well / len(self.called) if self.called else 1.0

    def distinct(self) -> float:
        """Two that share one name count as two that are not told apart."""
        owners: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for (kind, text), names in self.called.items():
            for name in names:
                owners[kind, name].add(text)
        shared = {
            (kind, text) for (kind, _), them in owners.items() if len(them) > 1 for text in them
        }
        self.inconsistent += [
            f"{kind} {name} stands for {sorted(them)}"
            for (kind, name), them in owners.items()
            if len(them) > 1
        ]
        return 1 - len(shared) / len(self.called) if self.called else 1.0

    def typed(self) -> float:
        every = [(kind, name) for (kind, _), names in self.called.items() for name in names]
        return sum(_TYPES[kind](name) for kind, name in every) / len(every) if every else 1.0


def _pattern(sample: Sample, start: int, line: str, labels: list[Label]) -> re.Pattern[str]:
    parts, at, number = [], 0, 0
    for label in labels:
        parts.append(re.escape(line[at : label.start - start]))
        if label.what == "identity":
            parts.append(rf"(?P<i{number}>[^\s\"',;<>()|]+?)")
            number += 1
        elif label.what in ("secret", "either"):
            parts.append(".*?")
        else:
            parts.append(re.escape(sample.said(label)))
        at = label.end - start
    return re.compile("".join([*parts, re.escape(line[at:])]))


def _address(version: int) -> Callable[[str], bool]:
    def is_one(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version
        except ValueError:
            return False

    return is_one


def _shaped(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


_TYPES: dict[str, Callable[[str], bool]] = {
    "ip4": _address(4),
    "ip6": _address(6),
    "mac": _shaped(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}"),
    "host": _shaped(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"),
    "user": _shaped(r"[a-z_][a-z0-9._-]*"),
    "mail": _shaped(r"[a-z0-9._+-]+(@|%40)[a-z0-9-]+(\.[a-z0-9-]+)+"),
}
