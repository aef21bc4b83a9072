"""Who is a person, of words that stand where account names stand.

Owns the judgement: accounts of the system, of programs and of this appliance are nobody's. Refuses
to look into text; `user_places` and its neighbours know where names stand.
"""

from __future__ import annotations

import re

from support.redact.identities.everyday import EVERYDAY
from support.redact.identities.names import Names
from support.redact.identities.nouns import NOUNS
from support.redact.identities.public_names import NO_HOST_BEGINS

_MOST = 20_000  # words remembered
_PLAIN = re.compile(rb"[A-Za-z0-9_.+-]+\Z")
# Accounts that programs log in with: `shop_rw`, `svc-backup`.
_SERVICE = re.compile(
    rb"(?:svc|app|srv|sa|db|bot|ci|api|usr|role|sys)[_-].*"
    rb"|.*[_-](?:rw|ro|app|svc|service|user|usr|db|dba|admin|adm|bot|api|sa|role|owner|reader"
    rb"|writer|read|write|ops|job|worker|agent|prod|dev|test|stage|staging|repl|backup|web|exporter"
    rb"|monitor|migrator|migration|runner|sync|etl|sys|system|daemon|id|name)\Z"
)
_SUFFIX = re.compile(
    rb"\.(?:conf|log|txt|html?|php|js|css|py|json|ya?ml|xml|png|service|sh|socket"
    rb"|timer|target|mount|automount|scope|slice|path|device|swap|toml|jsonl|db|so|age|zst)\Z"
)
_LOWER = re.compile(rb"[a-z][a-z0-9._-]+\Z")


class Users:
    """Judges names; `kept` are the accounts of this machine that are no person's."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.kept: set[bytes] = set()
        self._seen: dict[bytes, bytes] = {}

    def keep(self, word: bytes) -> None:
        self.kept.add(word)
        self._seen.clear()

    def pseudonym(self, word: bytes) -> bytes:
        """Empty where it is nobody's."""
        instead = self._seen.get(word)
        if instead is None:
            if len(self._seen) >= _MOST:
                self._seen.clear()
            instead = self._seen[word] = self._judged(word)
        return instead

    def wary(self, word: bytes) -> bytes:
        """The same where any word may stand: only what is written as accounts are."""
        if not _LOWER.match(word) or word in NOUNS or len(word) < 3:
            return b""
        return self.pseudonym(word)

    def _judged(self, word: bytes) -> bytes:
        low = word.lower()
        if low in EVERYDAY or low in self.kept or len(word) < 2 or not _PLAIN.match(word):
            return b""
        if (
            low.startswith((b"systemd-", b"_", b"redacted-"))
            or low.partition(b".")[0] in NO_HOST_BEGINS
        ):
            return b""
        return b"" if _SUFFIX.search(low) or _SERVICE.match(low) else self._names.user(word)
