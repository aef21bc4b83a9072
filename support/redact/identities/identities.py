"""All that is somebody's name: what is known of names here, and the pseudonyms for them.

Owns the two phases: learning, which takes names from files and from the machine, and then finding.
Refuses to learn while it finds: a pseudonym would depend on which file came first.
"""

from __future__ import annotations

from pathlib import Path

from agent.layout import Layout
from support.redact.identities.ipv4 import IPv4
from support.redact.identities.key import key_at
from support.redact.identities.rule import IdentityRule


class Identities:
    """The names of one machine or folder. `store` is a closed folder for what may be kept."""

    def __init__(self, key: bytes, store: Path | None = None) -> None:
        self.store = store
        self._ipv4 = IPv4(key)
        self.rules: tuple[IdentityRule, ...] = (*self._ipv4.rules(),)

    def named(self) -> tuple[IdentityRule, ...]:
        """Rules for the names that were learned; they differ from machine to machine."""
        return ()

    def path(self, path: str) -> str:
        return path


def open_identities(layout: Layout) -> Identities:
    """With this machine's key, made where there is none. Raises CaretakerError."""
    return Identities(key_at(layout.pseudonym_key), layout.support_state)
