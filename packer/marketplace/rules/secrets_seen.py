"""What a secret looks like in a template: names that ask for one, values that are one.

Owns the patterns. Refuses to repeat a value: complaints say that there is one, and of which kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import re2

from packer.marketplace.complaint import Seen
from packer.marketplace.walking import texts

NAMED = re.compile(
    r"(?i)(password|passwd|passphrase|secret(?!s?manager)|(?<!public)(?<!ssh)private_?key|"
    r"api_?key|access_?key|(?<!continuation)(?<!next)token(?!s?required)|credential)"
)
_VALUES = (
    ("an access key", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a storage key", re.compile(r"AccountKey=[A-Za-z0-9+/]{40,}")),
    ("an API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    ("a token", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b")),
    ("a key of a service account", re.compile(r'"private_key_id"\s*:\s*"[0-9a-f]{40}"')),
)
# By RE2, whose time grows with the text alone, whatever a stranger wrote.
GIVEN = re2.compile(
    r"(?im)^(?:[^#\n]*[^A-Za-z0-9#\n])?(?:[A-Za-z0-9]+[_-])*"
    r"(?:password|passwd|secret|api_?key|token)\s*[=:]\s*['\"]?[^\s'\"$\{<!][^\s'\"]{3,}"
)
"""`password = hunter2` in a script: a name that asks for a secret, with a value."""
FETCHED = re2.compile(r"(?m)\b(?:curl|wget)\b[^\n|;&]*\|\s*(?:sudo\s+)?(?:ba|da|z)?sh\b")
"""`curl … | sh`: what runs is what somebody's server says at that moment."""


def kind_of(text: str) -> str:
    """What kind of secret a text holds; empty where none is known."""
    return next((kind for kind, pattern in _VALUES if pattern.search(text)), "")


def literal_secrets(value: Any) -> Iterator[Seen]:
    for spot in texts(value):
        if kind := kind_of(spot.value):
            yield spot.place, f"{kind} stands there"
