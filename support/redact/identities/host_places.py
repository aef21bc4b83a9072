"""Where hosts' names stand in text: by their shape, and where one is expected.

Owns the places: addresses on the web, keys, headers of log lines, sentences of programs, subjects
of certificates. Refuses to say what is a name; `hosts` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from support.redact.identities.hosts import Hosts
from support.redact.identities.public_names import ENDINGS, ENDINGS_OF_THREE
from support.redact.identities.rule import IdentityRule, Name, line_starts

_ENDINGS = b"|".join(sorted(ENDINGS | ENDINGS_OF_THREE))
_SHAPED = rb"[a-z0-9]\.(?:" + _ENDINGS + rb")\b"
_BEFORE = re.compile(rb".*[^A-Za-z0-9_.-]", re.DOTALL)
_AFTER = re.compile(rb"[A-Za-z0-9_.-]*")
_LONGEST = 255
_NAME = rb"([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})"


@dataclass(frozen=True, slots=True)
class Place:
    """`trigger` begins where `expression` matches; its first group is the name.

    `sure`: a word without digits is a name here too. `line`: it begins where the line does.
    """

    trigger: bytes
    expression: re.Pattern[bytes]
    sure: bool
    line: bool


def _place(trigger: bytes, expression: bytes, *, sure: bool = True) -> Place:
    return Place(
        trigger,
        re.compile(expression, re.IGNORECASE | re.MULTILINE),
        sure,
        trigger.startswith(b"^"),
    )


_KEY = rb"(?:host|hostname|host_name|fqdn|nodename|server_name|servername|computer|machine)"
_LESSER = rb"(?:server|node|peer|instance|domain|upstream|nodes|endpoint|origin)"
_GAP = rb"\\?[\"']?\s{0,2}[=:]\s{0,2}\\?[\"']?"
_SAYS = (
    rb"(?:from host|to host|on host|for host|resolve host:?|unknown host:?|no such host:?"
    rb"|static hostname:|hostname to|host name is|dial tcp: lookup|getaddrinfo(?: for)?|enotfound"
    rb"|server_name)"
)
_HINTS = rb"(?:connected to|connecting to|connect to|connection to|connection from|lookup|reach)"
_MONTH = rb"^(?:<[0-9]{1,3}>)?[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}"
_ISO = rb"^(?:<[0-9]{1,3}>[0-9]? ?)?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(?:Z|[+-][0-9:]{4,5})"
_PROGRAM = rb"[A-Za-z0-9_./()@-]{1,48}(?:\[[0-9]{1,8}\])?:"

PLACES = (
    _place(rb"://[^/\s]", rb"://(?:[^\s/@\"'<>]{1,256}@)?"
            rb"(?![^\s/@\"'<>]{1,256}@)" + _NAME + rb"(?=[:/?#\s\"',;)\]}>]|$)"),
    _place(_KEY + _GAP + rb"[a-z]", _KEY + _GAP + _NAME),
    _place(rb"\b" + _LESSER + rb"\\?[\"']?[=:]\s?\\?[\"']?[a-z]",
           _LESSER + _GAP + _NAME, sure=False),
    _place(_MONTH + rb" [a-z0-9]", _MONTH + b" " + _NAME + b" (?=" + _PROGRAM + b")"),
    _place(_ISO + rb" [a-z0-9_.-]{1,64} [a-z0-9_./()@-]{1,48}(?:\[[0-9]{1,8}\])?: ",
           _ISO + b" " + _NAME + b" (?=" + _PROGRAM + b")"),
    _place(_SAYS + rb" [<\"'`]?[a-z]", _SAYS + rb" [<\"'`]?" + _NAME + rb"(?![(])"),
    _place(_HINTS + rb" [<\"'`]?[a-z]", _HINTS + rb" [<\"'`]?" + _NAME + rb"(?![(])", sure=False),
    # Of .netrc alone: in prose a machine "was", "that" or "goes".
    _place(rb"^machine [a-z0-9]",
           rb"machine " + _NAME + rb"(?=[ \t]+(?:login|user|account|password)\b|[ \t]*$)"),
    _place(rb"^Linux [a-z0-9.-]+ [0-9]", rb"Linux " + _NAME + rb" [0-9]+\.[0-9]+"),
    _place(rb"\b(?:CN|DNS)\s?[=:]\s?[a-z*]", rb"(?:CN|DNS)\s?[=:]\s?(?:\*\.)?" + _NAME,
           sure=False),
    _place(rb"^[a-z0-9.-]+:/[a-z]", _NAME + rb":/[A-Za-z]", sure=False),
    _place(rb"(?:^|\s)(?:search|domain) [a-z]", rb"\s?(?:search|domain) " + _NAME, sure=False),
)  # fmt: skip

# Schemes after which no host stands, but a bucket, a file or an image.
_NO_NET = re.compile(rb"\b(?:s3a?|gs|file|unix|docker|oci|spiffe|containerd|wasbs?|abfss?)\Z")

# `dbhost=` is a key, `ghost=` and `localhost:` are none.
_WORD_BEFORE = re.compile(rb"[a-z]{1,12}\Z")
_PREFIXES = frozenset(
    b"r db remote client mail smtp ldap redis pg mysql v proxy ssh my target virtual".split()
)


def host_rules(hosts: Hosts) -> tuple[IdentityRule, ...]:
    shaped = IdentityRule("host", (_SHAPED,), _by_shape(hosts), "seen-host")
    return (shaped, *(_rule(place, hosts) for place in PLACES))


def _rule(place: Place, hosts: Hosts) -> IdentityRule:
    find = _in_place(place, hosts)
    if place.sure:
        return IdentityRule("host", (place.trigger,), find, "host", line=place.line)
    return IdentityRule("host", (place.trigger,), find, "seen-host", line=place.line)


def word_around(block: bytes, at: int) -> tuple[int, int]:
    """The run of characters of names around a place; not what ends a sentence or begins one."""
    low = max(0, at - _LONGEST)
    before = _BEFORE.match(block, low, at)
    start = before.end() if before else low
    after = _AFTER.match(block, at)
    end = after.end() if after else at
    while end > start and block[end - 1] in b".-_":
        end -= 1
    while start < end and block[start] in b".-":
        start += 1
    return start, end


def _by_shape(hosts: Hosts) -> Callable[[bytes, Sequence[int]], Iterator[Name]]:
    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        past = 0
        for at in starts:
            if at < past:
                continue
            start, end = word_around(block, at)
            past = max(end, at + 1)
            word = block[start:end]
            instead = hosts.by_shape(word)
            if instead and block[end : end + 1] != b"(" and not _is_file(block, start, word):
                yield start, end, instead

    return find


def _is_file(block: bytes, start: int, word: bytes) -> bool:
    """`/etc/rc.local`: below a folder two labels are a file's name, unless it is a URL's host."""
    if block[start - 1 : start] != b"/" or block[start - 2 : start - 1] == b"/":
        return False
    return word.count(b".") == 1


def _in_place(place: Place, hosts: Hosts) -> Callable[[bytes, Sequence[int]], Iterator[Name]]:
    expression, sure = place.expression, place.sure
    is_key = place.trigger.startswith(_KEY)
    is_url = place.trigger.startswith(b"://")

    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for at in line_starts(block, starts) if place.line else starts:
            match = expression.match(block, at)
            if match is None or (is_key and not _is_key(block, at)):
                continue
            if is_url and _NO_NET.search(block, max(0, at - 12), at):
                continue
            start, end = match.span(1)
            while end > start and block[end - 1] in b".-_":
                end -= 1
            instead = hosts.in_place(block[start:end], sure=sure)
            if instead and block[end : end + 1] != b"(":
                yield start, end, instead

    return find


def _is_key(block: bytes, at: int) -> bool:
    """Whether a key begins here or a word of one: not in the midst of another word."""
    if block[at : at + 1].isupper() and block[at - 1 : at].islower():
        return True  # dbHost
    before = _WORD_BEFORE.search(block[max(0, at - 12) : at].lower())
    return before is None or before.group() in _PREFIXES
