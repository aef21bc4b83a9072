"""What is wrong with a package for a marketplace, and the rules that say so.

Owns the shape of rules and complaints. Refuses to read files or to know a cloud's format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
Kind = Literal["cloudformation", "arm", "azure-ui", "azure-package", "terraform", "listing"]
Seen = tuple[str, str]
"""A place within the file, and what is wrong there, in words."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One broken rule. `place` is a path of keys, or a block, within `file`."""

    file: str
    place: str
    rule: str
    severity: Severity
    words: str
    cure: str


@dataclass(frozen=True, slots=True)
class Rule:
    """`look` yields what is wrong in a document of the kind; nothing: it passes."""

    id: str
    kind: Kind
    severity: Severity
    title: str
    cure: str
    source: str
    """The document, or the test of a known checker, that asks for it."""
    look: Callable[[Any], Iterable[Seen]]
