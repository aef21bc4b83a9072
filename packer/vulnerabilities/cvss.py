"""CVSS vectors: how bad, as a number and as a word.

Owns the base score of version 3.0 and 3.1 (specification document, section 7.1) and the words of
section 5. Refuses version 4, whose score is a table of hundreds of rows, and version 2: a source
that rates by those says a word too, or the flaw stays unrated.
"""

from __future__ import annotations

from typing import Literal

Severity = Literal["critical", "high", "medium", "low", "negligible", "unknown"]
ORDER: tuple[Severity, ...] = ("critical", "high", "medium", "low", "negligible", "unknown")

_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_CHANGED_PR = {"N": 0.85, "L": 0.68, "H": 0.5}


def score(vector: str) -> float | None:
    """The base score, 0 to 10; None where the vector is of another version or not whole."""
    head, *metrics = vector.strip().split("/")
    if head not in ("CVSS:3.0", "CVSS:3.1"):
        return None
    told = dict(each.partition(":")[::2] for each in metrics)
    changed = told.get("S") == "C"
    try:
        weight = {name: table[told[name]] for name, table in _WEIGHTS.items()}
        if told["S"] not in ("U", "C"):
            return None
        if changed:
            weight["PR"] = _CHANGED_PR[told["PR"]]
    except KeyError:
        return None
    hurt = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (hurt - 0.029) - 3.25 * (hurt - 0.02) ** 15 if changed else 6.42 * hurt
    if impact <= 0:
        return 0.0
    ease = 8.22 * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    return _rounded_up(min((1.08 if changed else 1.0) * (impact + ease), 10.0))


def severity(value: float) -> Severity:
    """The word of a score (section 5)."""
    for word, least in (("critical", 9.0), ("high", 7.0), ("medium", 4.0), ("low", 0.1)):
        if value >= least:
            return ORDER[("critical", "high", "medium", "low").index(word)]
    return "negligible"


def word(text: str) -> Severity:
    """What sources write (GitHub, Debian, Ubuntu, scanners)."""
    return _WORDS.get(text.strip().lower(), "unknown")


def worse(one: Severity, other: Severity) -> Severity:
    """The worse of two; unknown gives way to whatever is known."""
    return min(one, other, key=ORDER.index)


_WORDS: dict[str, Severity] = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "negligible": "negligible",
    "unimportant": "negligible",
    "none": "negligible",
}


def _rounded_up(value: float) -> float:
    """To one decimal, as appendix A of 3.1 does it, so that 4.02 never becomes 4.1 by chance."""
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10
