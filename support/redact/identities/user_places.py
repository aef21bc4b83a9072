"""Where people's account names stand in text.

Owns the places, and what is no person: accounts of the system, of programs, of this appliance.
Refuses to learn what strangers typed at a door: an attacker who tries the user `error` would make
that word vanish from every log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from support.redact.identities.everyday import EVERYDAY
from support.redact.identities.names import Names
from support.redact.identities.public_names import NO_HOST_BEGINS
from support.redact.identities.rule import IdentityRule, Name, line_starts

_MOST = 20_000  # words remembered
_NAME = rb"([A-Za-z_][A-Za-z0-9_.-]{0,63})"
_VALUE = rb"([A-Za-z_][A-Za-z0-9_.+-]{0,63})(?![A-Za-z0-9_(@\\/$])"
_KEY = (
    rb"(?:user|username|user_name|login|logname|ruser|acct|auid|author|created_by|updated_by"
    rb"|requested_by|actor)"
)
_GAP = rb"\\?[\"']?\s{0,2}[=:]\s{0,2}\\?[\"']?"
_ENDS = rb"(?=\(| from\b| by\b| on\b| at\b| port\b| logged| [0-9]|[.,;:'\"\])]|\s*$)"
_MODE = rb"^[-dlbcps][rwxsStT-]{9}[.+@]? {1,4}[0-9]{1,6} "
_PLAIN = re.compile(rb"[A-Za-z0-9_.+-]+\Z")
_DIGITS = re.compile(rb"[0-9]")
# Accounts that programs log in with: `shop_rw`, `svc-backup`.
_SERVICE = re.compile(
    rb"(?:svc|app|srv|sa|db|bot|ci|api|usr|role|sys)[_-].*"
    rb"|.*[_-](?:rw|ro|app|svc|service|user|usr|db|dba|admin|adm|bot|api|sa|role|owner|reader"
    rb"|writer|read|write|ops|job|worker|agent|prod|dev|test|stage|staging|repl|backup|web|exporter"
    rb"|monitor|migrator|migration|runner|sync|etl|sys|system|daemon|id|name)\Z"
)
_SUFFIX = re.compile(rb"\.(?:conf|log|txt|html?|php|js|css|py|json|ya?ml|xml|png|service|sh)\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """`trigger` begins where `expression` matches; each of its groups is a name."""

    trigger: bytes
    expression: re.Pattern[bytes]
    teaches: bool


def _place(trigger: bytes, expression: bytes, *, teaches: bool = True) -> Place:
    return Place(trigger, re.compile(expression, re.IGNORECASE | re.MULTILINE), teaches)


PLACES = (
    _place(_KEY + _GAP + rb"[a-z_]", _KEY + _GAP + _VALUE),
    _place(rb"\b(?:for|of|by|as|from|authenticating) user [a-z_]",
           rb"(?:for|of|by|as|from|authenticating) user " + _NAME + _ENDS),
    _place(rb"\b(?:accepted|postponed) [a-z/-]{1,40} for [a-z_]",
           rb"(?:accepted|postponed) [a-z/-]{1,40} for " + _NAME + rb" from "),
    _place(rb"\bfailed [a-z/-]{1,40} for [a-z_]",
           rb"failed [a-z/-]{1,40} for (?:invalid user |illegal user )?" + _NAME + rb" from ",
           teaches=False),
    _place(rb"\b(?:invalid|illegal|unknown) user [a-z_]",
           rb"(?:invalid|illegal|unknown) user " + _NAME + _ENDS, teaches=False),
    _place(rb"\buser [\"'`][a-z_]", rb"user [\"'`]" + _NAME + rb"[\"'`]", teaches=False),
    _place(rb"/home/[a-z_]", rb"/home/" + _NAME + rb"(?![A-Za-z0-9_.-])"),
    _place(rb"[/\\]Users[/\\]{1,2}[a-z_]", rb"[/\\](?-i:Users)[/\\]{1,2}" + _NAME),
    _place(rb"/(?:crontabs|var/mail|spool/mail|sudoers\.d|run/sudo/ts|linger)/[a-z_]",
           rb"/(?:crontabs|var/mail|spool/mail|sudoers\.d|run/sudo/ts|linger)/" + _NAME),
    _place(rb"\bsudo(?:\[[0-9]{1,8}\])?: {1,12}[a-z_]",
           rb"sudo(?:\[[0-9]{1,8}\])?: {1,12}" + _NAME + rb" :"),
    _place(rb"\bsu(?:\[[0-9]{1,8}\])?: \(to [a-z_]",
           rb"su(?:\[[0-9]{1,8}\])?: \(to " + _NAME + rb"\) " + _NAME),
    _place(rb"[a-z0-9_.-]\(uid=[0-9]", rb"(?!x)x"),
    _place(rb"(?:id|groups)=[0-9]{1,10}\([a-z_]", rb"(?:id|groups)=[0-9]{1,10}\(" + _NAME + rb"\)"),
    _place(rb",[0-9]{1,10}\([a-z_]", rb",[0-9]{1,10}\(" + _NAME + rb"\)", teaches=False),
    _place(rb"\bsudo -u ?[a-z_]", rb"sudo -u ?" + _NAME),
    _place(rb"\bsu - [a-z_]", rb"su - " + _NAME),
    _place(rb"^allowusers [a-z_]", rb"allowusers " + _NAME),
    _place(rb"^[a-z_][a-z0-9_.-]{0,31}[ \t]{1,4}all=\(", _NAME + rb"[ \t]{1,4}all=\("),
    _place(rb"\]: \([a-z_]", rb"\]: \(" + _NAME + rb"\) [A-Z]"),
    _place(rb"^[^ \n]{3,64} [^ \n]{1,32} [a-z_][^ \n]{0,63} \[[0-3][0-9]/",
           rb"[^ \n]{3,64} [^ \n]{1,32} " + _NAME + rb" \["),
    _place(rb"^[a-z_][a-z0-9_.-]{0,31}:[^:\n]{0,200}:[0-9]{4,10}:",
           _NAME + rb":[^:\n]{0,200}:[0-9]{4,10}:"),
    _place(_MODE + rb"[a-z_]", _MODE + _NAME + rb" {1,32}(?:[0-9]+|" + _NAME + rb") "),
    _place(rb"^[a-z_][a-z0-9_.+-]{0,31} {1,24}[0-9]{1,8} {1,8}[0-9]{1,3}\.[0-9] ",
           _NAME + rb"\+? {1,24}[0-9]{1,8} {1,8}[0-9]{1,3}\.[0-9] "),
    _place(rb"^[a-z_][a-z0-9_.-]{0,31} {1,24}(?:pts/|tty|:)[0-9]",
           _NAME + rb" {1,24}(?:pts/|tty|:)[0-9]"),
)  # fmt: skip

_BEFORE_UID = re.compile(rb".*[^A-Za-z0-9_.-]", re.DOTALL)


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

    def rules(self) -> tuple[IdentityRule, ...]:
        return tuple(self._rule(place) for place in PLACES)

    def _rule(self, place: Place) -> IdentityRule:
        by_uid = place.trigger.endswith(rb"\(uid=[0-9]")
        line = place.trigger.startswith(b"^")
        find = self._before_uid if by_uid else self._in(place.expression, line=line)
        teaches: Literal["user", ""] = "user" if place.teaches else ""
        return IdentityRule("user", (place.trigger,), find, teaches, line=line)

    def _in(
        self, expression: re.Pattern[bytes], *, line: bool
    ) -> Callable[[bytes, Sequence[int]], Iterator[Name]]:
        def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
            for at in line_starts(block, starts) if line else starts:
                match = expression.match(block, at)
                if match is None:
                    continue
                for group in range(1, expression.groups + 1):
                    yield from self._named(block, *match.span(group))

        return find

    def _before_uid(self, block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        """`by mkrause(uid=1000)`."""
        for at in starts:
            low = max(0, at - 64)
            before = _BEFORE_UID.match(block, low, at)
            yield from self._named(block, before.end() if before else low, at + 1)

    def _named(self, block: bytes, start: int, end: int) -> Iterator[Name]:
        while end > start and block[end - 1] in b".-+":
            end -= 1
        if start < end:
            instead = self.pseudonym(block[start:end])
            if instead:
                yield start, end, instead
