"""Pseudonyms of words: a label of a host's name, a person's name.

Owns their shape and the memory of which were given. A pseudonym is recognised as ours by two
letters that only the key can tell, so what is redacted twice changes once. Refuses to decide what
is a name.
"""

from __future__ import annotations

import base64
import hmac
import re

_MOST = 50_000  # given and remembered
_LETTERS, _CHECK = 10, 2

HOST, USER = b"host-", b"user-"
_OURS = re.compile(rb"(host-|user-)([a-z2-7]{10})([a-z2-7]{2})\Z")


class Names:
    """Words to pseudonyms. `given` is what `reveal` will know: pseudonym to value."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._seen: dict[tuple[bytes, bytes], bytes] = {}
        self.given: dict[bytes, bytes] = {}

    def host(self, label: bytes) -> bytes:
        """For one label, without regard to case (RFC 4343)."""
        return self._named(HOST, label.lower())

    def user(self, name: bytes) -> bytes:
        """Without regard to case: mail and directories have none."""
        return self._named(USER, name.lower())

    def _named(self, kind: bytes, word: bytes) -> bytes:
        pseudonym = self._seen.get((kind, word))
        if pseudonym is None:
            pseudonym = word if self.is_ours(word) else self._made(kind, word)
            if len(self._seen) >= _MOST:
                self._seen.clear()
            self._seen[kind, word] = pseudonym
            if pseudonym != word and len(self.given) < _MOST:
                self.given[pseudonym] = word
        return pseudonym

    def _made(self, kind: bytes, word: bytes) -> bytes:
        body = _letters(hmac.digest(self._key, kind + word, "sha256"), _LETTERS)
        return kind + body + self._check(kind + body)

    def _check(self, pseudonym: bytes) -> bytes:
        return _letters(hmac.digest(self._key, b"check " + pseudonym, "sha256"), _CHECK)

    def is_ours(self, word: bytes) -> bool:
        """Whether this machine made it."""
        match = _OURS.match(word)
        return match is not None and self._check(match[1] + match[2]) == match[3]


def _letters(digest: bytes, count: int) -> bytes:
    return base64.b32encode(digest).lower()[:count]
