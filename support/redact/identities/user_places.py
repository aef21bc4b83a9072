"""Where people's account names stand in text: after a key, and where a line has its column.

Owns the places that begin with what they are known by; `user_phrases` has those within sentences
and commands. Refuses to learn what strangers typed at a door: an attacker who tries the user
`error` would make that word vanish from every log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from support.redact.identities.rule import IdentityRule, Name, Teaches, line_starts
from support.redact.identities.users import Users

_NAME = rb"([A-Za-z_][A-Za-z0-9_.-]{0,63})"
_VALUE = rb"([A-Za-z_][A-Za-z0-9_.+-]{0,63})(?![A-Za-z0-9_(@/$=]|\\(?![\"'n]))"
_KEY = (
    rb"(?:user|username|user_name|login|logname|ruser|acct|auid|created_by|updated_by"
    rb"|requested_by|actor)"
)
_DONE = (
    rb"(?:creat|updat|modifi|chang|request|approv|submitt|review|own|start|open|trigger|delet|clos"
    rb"|upload|assign|sign|perform|execut|invit|lock|acknowledg|report|resolv|edit|invok|add)ed"
)
# Keys of which a program's name or a group's may be the value too.
_LESSER = (
    rb"(?:user_?id|user-id|user-name|login_?name|login-name|(?:sam)?account_?name|member_?uid|usr"
    rb"|owner|author|creator|committer|assignee|reviewer|approver|reporter|requester|initiator|principal"
    rb"|preferred_username|become_user|run_?as|impersonate|nickname|" + _DONE + rb"_?by|oncall"
    rb"|(?:effective|session|current|remote|ssh|sftp|ansible)_user)"
)
# `=`, `:`, `=>`, `:=`, `: Some(`, `=<`; quotes may be escaped, as in JSON within JSON.
_GAP = rb"\\?[\"'`]?\s{0,2}(?:=>?|:=?)\s{0,2}(?:Some\(|<|String\()?\\?[\"'`]?"
_ENDS = rb"(?=\(| from\b| by\b| on\b| at\b| port\b| logged| [0-9]|[.,;:'\"\])]|\s*$)"
# Not `include/boost/home/classic`: at the root, or below another disk's.
_ROOTED = rb"(?:(?<![\w.-])|(?<=/mnt)|(?<=/export)|(?<=/data)|(?<=/srv)|(?<=/var)|(?<=/nfs))"
_MODE = rb"^[-dlbcps][rwxsStT-]{9}[.+@]? {1,4}[0-9]{1,6} "


@dataclass(frozen=True, slots=True)
class Place:
    """`trigger` begins where `expression` matches; each of its groups is a name."""

    trigger: bytes
    expression: re.Pattern[bytes]
    teaches: Teaches


def _place(trigger: bytes, expression: bytes, teaches: Teaches = "user") -> Place:
    return Place(trigger, re.compile(expression, re.IGNORECASE | re.MULTILINE), teaches)


PLACES = (
    _place(_KEY + _GAP + rb"[a-z_]", _KEY + _GAP + _VALUE),
    _place(_LESSER + _GAP + rb"[a-z_]", _LESSER + _GAP + _VALUE, "seen-user"),
    _place(rb"(?:\buid|[\"']sub)\\?[\"']?[=:]\s?\\?[\"']?[a-z_]",
           rb"(?:uid|[\"']sub)\\?[\"']?[=:]\s?\\?[\"']?" + _VALUE, ""),
    _place(rb"\b(?:for|of|by|as|from|authenticating) user [a-z_]",
           rb"(?:for|of|by|as|from|authenticating) user " + _NAME + _ENDS),
    _place(rb"\b(?:accepted|postponed) [a-z/-]{1,40} for [a-z_]",
           rb"(?:accepted|postponed) [a-z/-]{1,40} for " + _NAME + rb" from "),
    _place(rb"\bfailed [a-z/-]{1,40} for [a-z_]",
           rb"failed [a-z/-]{1,40} for (?:invalid user |illegal user )?" + _NAME + rb" from ",
           teaches=""),
    _place(rb"\b(?:invalid|illegal|unknown) user [a-z_]",
           rb"(?:invalid|illegal|unknown) user " + _NAME + _ENDS, teaches=""),
    _place(rb"\buser [\"'`][a-z_]", rb"user [\"'`]" + _NAME + rb"[\"'`]", teaches=""),
    _place(rb"/home/[a-z_]", _ROOTED + rb"/home/" + _NAME + rb"(?![A-Za-z0-9_.-])"),
    _place(rb"[/\\]Users[/\\]{1,2}[a-z_]", rb"[/\\](?-i:Users)[/\\]{1,2}" + _NAME),
    _place(rb"/(?:crontabs|var/mail|spool/mail|sudoers\.d|run/sudo/ts|linger)/[a-z_]",
           rb"/(?:crontabs|var/mail|spool/mail|sudoers\.d|run/sudo/ts|linger)/" + _NAME),
    _place(rb"\bsudo(?:\[[0-9]{1,8}\])?: {1,12}[a-z_]",
           rb"sudo(?:\[[0-9]{1,8}\])?: {1,12}" + _NAME + rb" :"),
    _place(rb"\bsu(?:\[[0-9]{1,8}\])?: \(to [a-z_]",
           rb"su(?:\[[0-9]{1,8}\])?: \(to " + _NAME + rb"\) " + _NAME),
    _place(rb"[a-z0-9_.-]\(uid=[0-9]", rb"(?!x)x"),
    _place(rb"(?:id|groups)=[0-9]{1,10}\([a-z_]", rb"(?:id|groups)=[0-9]{1,10}\(" + _NAME + rb"\)"),
    _place(rb",[0-9]{1,10}\([a-z_]", rb",[0-9]{1,10}\(" + _NAME + rb"\)", teaches=""),
    _place(rb"\bsudo -u ?[a-z_]", rb"sudo -u ?" + _NAME),
    _place(rb"\bsu - [a-z_]", rb"su - " + _NAME),
    _place(rb"^allowusers [a-z_]", rb"allowusers " + _NAME),
    _place(rb"^[a-z_][a-z0-9_.-]{0,31}[ \t]{1,4}all=\(", _NAME + rb"[ \t]{1,4}all=\("),
    _place(rb"\]: \([a-z_]", rb"\]: \(" + _NAME + rb"\) [A-Z]"),
    _place(rb"^[^ \n]{3,80} [^ \n]{1,64} (?:[^ \n]{1,32} )?[a-z_][^ \n]{0,63} \[[0-3][0-9]/",
           rb"[^ \n]{3,80} [^ \n]{1,64} (?:[^ \n]{1,32} )?" + _NAME + rb" \["),
    _place(rb"^[a-z_][a-z0-9_.-]{0,31}:[^:\n]{0,200}:[0-9]{4,10}:",
           _NAME + rb":[^:\n]{0,200}:[0-9]{4,10}:"),
    _place(_MODE + rb"[a-z_]", _MODE + _NAME + rb" {1,32}(?:[0-9]+|" + _NAME + rb") "),
    _place(rb"^[a-z_][a-z0-9_.+-]{0,31} {1,24}[0-9]{1,8} {1,8}[0-9]{1,3}\.[0-9] ",
           _NAME + rb"\+? {1,24}[0-9]{1,8} {1,8}[0-9]{1,3}\.[0-9] "),
    _place(rb"^[a-z_][a-z0-9_.-]{0,31} {1,24}(?:pts/|tty|:)[0-9]",
           _NAME + rb" {1,24}(?:pts/|tty|:)[0-9]"),
)  # fmt: skip

_BEFORE_UID = re.compile(rb".*[^A-Za-z0-9_.-]", re.DOTALL)


def user_rules(users: Users) -> tuple[IdentityRule, ...]:
    return tuple(_rule(place, users) for place in PLACES)


def named(users: Users, block: bytes, start: int, end: int) -> Iterator[Name]:
    """Whoever is named from here to there, without what ends a sentence."""
    while end > start and block[end - 1] in b".-+":
        end -= 1
    if start < end:
        instead = users.pseudonym(block[start:end])
        if instead:
            yield start, end, instead


def _rule(place: Place, users: Users) -> IdentityRule:
    by_uid = place.trigger.endswith(rb"\(uid=[0-9]")
    line = place.trigger.startswith(b"^")
    find = _before_uid(users) if by_uid else _in(place.expression, users, line=line)
    return IdentityRule("user", (place.trigger,), find, place.teaches, line=line)


def _in(
    expression: re.Pattern[bytes], users: Users, *, line: bool
) -> Callable[[bytes, Sequence[int]], Iterator[Name]]:
    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        for at in line_starts(block, starts) if line else starts:
            match = expression.match(block, at)
            if match is None:
                continue
            for group in range(1, expression.groups + 1):
                yield from named(users, block, *match.span(group))

    return find


def _before_uid(users: Users) -> Callable[[bytes, Sequence[int]], Iterator[Name]]:
    def find(block: bytes, starts: Sequence[int]) -> Iterator[Name]:
        """`by mkrause(uid=1000)`."""
        for at in starts:
            low = max(0, at - 64)
            before = _BEFORE_UID.match(block, low, at)
            yield from named(users, block, before.end() if before else low, at + 1)

    return find
