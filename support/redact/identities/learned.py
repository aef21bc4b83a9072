"""Names that were learned, and are found wherever they stand alone.

Owns what is fit to be learned: a name must not be a word, or paths and messages would lose theirs.
Refuses more than some thousand, which no machine knows; then new ones are found in their places
only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from support.redact.identities.everyday import EVERYDAY, TECHNICAL
from support.redact.identities.host_places import word_around
from support.redact.identities.hosts import Hosts
from support.redact.identities.public_names import ENDINGS, PUBLIC
from support.redact.identities.rule import IdentityRule, Name
from support.redact.identities.users import Users

_MOST = 5000
_WORD = re.compile(rb"[a-z0-9][a-z0-9_.-]*[a-z0-9]\Z")
_DIGIT = re.compile(rb"[0-9]")
_TELLING = re.compile(rb"[0-9.]")
_LETTER = re.compile(rb"[a-z]")
_AFTER = re.compile(rb"[A-Za-z0-9_]")
_ALONE_BEFORE = re.compile(rb"[A-Za-z0-9_]\Z")
_NEW_BEFORE = re.compile(rb"[A-Za-z0-9_]-?\Z")


class Learned:
    """Grows while names are learned; then rules are made of it."""

    def __init__(self, hosts: Hosts, users: Users) -> None:
        self._hosts = hosts
        self._users = users
        self.labels: set[bytes] = set()
        self.people: set[bytes] = set()

    def host(self, name: bytes, *, sure: bool) -> None:
        """A host's name that was seen; `sure`: where only those stand, so that words count too."""
        low = name.lower().strip(b".")
        labels = low.split(b".")
        if len(labels) > 1:
            self.domain(b".".join(labels[1:]))
            sure = sure and labels[-1] in ENDINGS
        if not self._hosts.in_place(labels[0], sure=True):
            return
        if len(self.labels) < _MOST and self._is_fit(labels[0], sure=sure):
            self.labels.add(labels[0])

    def domain(self, name: bytes) -> None:
        """All that ends so is a host's name from now on. Of one label only, it would be a word."""
        low = name.lower().strip(b".")
        labels = low.split(b".")
        known = any(b".".join(labels[n:]) in PUBLIC for n in range(len(labels)))
        if known or not self._hosts.renamed(labels) or len(labels) < 2 or len(low) > 200:
            return
        if all(labels) and not labels[-1].isdigit() and len(self._hosts.domains) < _MOST:
            self._hosts.learn_domain(low)

    def user(self, name: bytes, *, sure: bool, least: int = 4) -> None:
        """`sure`: where only people stand; else it must have a dot or a digit, as no word has."""
        low = name.lower()
        if not sure and not _TELLING.search(low):
            return
        if low in EVERYDAY or low in self._users.kept or not least <= len(low) <= 64:
            return
        if not _WORD.match(low) or not _LETTER.search(low) or TECHNICAL.fullmatch(low):
            return
        if self._users.pseudonym(low) and len(self.people) < _MOST:
            self.people.add(low)

    def _is_fit(self, label: bytes, *, sure: bool) -> bool:
        if label in EVERYDAY or label in self._hosts.kept or not 3 <= len(label) <= 63:
            return False
        if not _WORD.match(label) or not _LETTER.search(label) or b"_" in label:
            return False
        if _DIGIT.search(label):
            return sure or not TECHNICAL.fullmatch(label)
        return sure and len(label) > 3

    def rules(self) -> tuple[IdentityRule, ...]:
        """What is found by name. The triggers are the names themselves."""
        made = []
        # What was kept later counts too: texts come in any order.
        labels = self.labels - self._hosts.kept
        if labels:
            hosts = {label: self._hosts.renamed([label]) for label in labels}
            made.append(_alone("host", hosts, dashed=False))
        if self._hosts.domains:
            domains = sorted(self._hosts.domains)
            made.append(IdentityRule("host", tuple(map(re.escape, domains)), self._below))
        people = {name: self._users.pseudonym(name) for name in self.people - self._users.kept}
        if people:
            made.append(_alone("user", people, dashed=True))
        return tuple(made)

    def _below(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for at in starts:
            if at < past:
                continue
            start, end = word_around(block, at)
            past = max(end, at + 1)
            instead = self._hosts.by_shape(block[start:end])
            if instead:
                yield start, end, instead


def _alone(code: str, names: dict[bytes, bytes], *, dashed: bool) -> IdentityRule:
    """Finds each of the names where no letter, digit or underscore touches it.

    `dashed`: behind a word and a dash too. A machine `gw4` is not the end of `edge-gw4`.
    """
    lengths = sorted({len(name) for name in names}, reverse=True)
    find = _finder(names, lengths, (_ALONE_BEFORE if dashed else _NEW_BEFORE).search)
    return IdentityRule(code, tuple(re.escape(name) for name in sorted(names)), find)


def _finder(
    names: dict[bytes, bytes],
    lengths: Sequence[int],
    goes_on: Callable[[bytes, int, int], re.Match[bytes] | None],
) -> Callable[[bytes, Sequence[int]], Iterable[Name]]:
    touches = _AFTER.match

    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for at in starts:
            if at < past or goes_on(block, max(at - 2, 0), at):
                continue
            for length in lengths:
                instead = names.get(block[at : at + length].lower())
                if instead is not None and not touches(block, at + length):
                    past = at + length
                    yield at, past, instead
                    break

    return find
