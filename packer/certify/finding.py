"""What a rule saw: a place and the evidence, a value.

Owns the shape that rules, controls and reports share. Refuses to hold a secret: `words` say that
there is one, of which kind and where, never what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "high", "medium", "low"]
Verdict = Literal["pass", "warn", "fail", "not-applicable", "error"]


@dataclass(frozen=True, slots=True)
class Clause:
    """Where a rule comes from: a document, its section, and where it may be read."""

    document: str
    section: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the rule wants it. `path` is absolute within the tree."""

    path: str
    words: str


class NotApplicableError(Exception):
    """The rule does not concern this tree (no such agent, not a disk, not running); says why."""
