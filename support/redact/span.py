"""What a rule says: from here to there is a secret or somebody's name, and what stands instead.

Owns the record and the mark. The mark is made of letters, digits and hyphens alone, so that it
is a plain value in JSON strings, YAML, TOML, INI, XML, URLs, CSV, SQL and shells alike.
"""

from __future__ import annotations

from typing import NamedTuple

MARK = b"REDACTED-"


class Span(NamedTuple):
    """`[start, end)` of what the rule was given. `instead` is empty for the mark of the rule."""

    start: int
    end: int
    rule: str
    instead: bytes = b""


def mark(rule: str) -> bytes:
    """What stands for a secret: `REDACTED-url-password`. Never redacted again."""
    return MARK + rule.encode()
