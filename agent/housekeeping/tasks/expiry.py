"""`expiry`: what runs out by a date: certificates, those above them, and passwords of users.

Owns the dates and the words. Refuses to renew: of our own certificates the remedy does it, and the
customer's and a user's password are theirs. What a certificate says is found in a process of its
own, and of a user nothing but dates is ever told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from agent.health.words import span
from agent.host import files
from agent.host.failures import FileFailure
from agent.housekeeping.task import Chores, Done, Task
from agent.layout import TOOL_USER
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule
from agent.tls.facts import Facts

_INSPECT = [sys.executable, "-I", "-m", "agent.tls.inspect"]
_TIMEOUT = 30.0
_DAY = 86400.0
_SOON = 14 * _DAY
_TOLD = 60 * _DAY
_SHARE = 1 / 6  # of its life: a certificate for six days must not be a problem on its first


@dataclass(frozen=True, slots=True)
class _Date:
    """Something that runs out. `soon`: seconds before its end from which it is a problem."""

    what: str
    ends: float
    soon: float = _SOON


def run(chores: Chores) -> Done:
    now = chores.host.clock.wall()
    problems: list[str] = []
    dates = [*_certificates(chores, problems), *_users(chores)]
    dates.sort(key=lambda each: each.ends)
    problems += [_words(each, now) for each in dates if each.ends - now < each.soon]
    first = _words(dates[0], now) if dates else "nothing here runs out"
    return Done(
        summary=f"{len(dates)} dates; the first: {first}" if dates else first,
        items=len(dates),
        lines=tuple(_words(each, now) for each in dates if each.ends - now < _TOLD),
        problems=tuple(problems),
    )


def _words(each: _Date, now: float) -> str:
    left = each.ends - now
    return (
        f"{each.what} ended {span(left)} ago" if left < 0 else f"{each.what} ends in {span(left)}"
    )


def _certificates(chores: Chores, problems: list[str]) -> Iterator[_Date]:
    for name in chores.manifest.certificates:
        folder = chores.layout.certificate(name)
        argv = [*_INSPECT, *(str(folder / each) for each in ("cert.pem", "key.pem", "chain.pem"))]
        done = chores.host.run(argv, timeout=_TIMEOUT)
        try:
            facts = msgspec.json.decode(done.stdout, type=Facts)
        except msgspec.MsgspecError:
            problems.append(f"certificate {name} could not be inspected: {done.reason}")
            continue
        if facts.leaf is None:
            problems.append(f"certificate {name}: {facts.problem or 'there is none in its file'}")
            continue
        above = [each for each in facts.chain if each.serial != facts.leaf.serial]
        for each, what in (
            (facts.leaf, ""),
            *((one, f": {one.subject} above it") for one in above),
        ):
            soon = min(_SOON, (each.ends - each.begins) * _SHARE)
            yield _Date(f"certificate {name}{what}", each.ends, soon)


def _users(chores: Chores) -> Iterator[_Date]:
    """Fields of shadow(5), in days since 1970. An expired user's services no longer start."""
    if chores.layout.embedded:
        return
    wanted = {chores.manifest.appliance.name, TOOL_USER, "root"}
    wanted |= {each.user for each in chores.manifest.services.values() if each.user}
    try:
        text = files.read_bytes(chores.host.path("/etc/shadow")).decode(errors="replace")
    except (FileNotFoundError, FileFailure):
        return
    for line in text.splitlines():
        name, *fields = line.split(":")
        if len(fields) < 7:
            continue
        if (ends := _days(fields[6])) is not None and name in wanted:
            yield _Date(f"the account of user {name}", ends)
        changed, longest = _days(fields[1]), _days(fields[3])
        if changed and longest is not None and longest < 99999 * _DAY and _has_password(fields[0]):
            yield _Date(f"the password of user {name}", changed + longest)


def _days(field: str) -> float | None:
    return int(field) * _DAY if field.isdigit() else None


def _has_password(field: str) -> bool:
    return bool(field) and field[0] not in "!*"


TASK = Task(
    name="expiry",
    title="certificates and passwords that run out",
    schedule=Schedule(calendar="daily", jitter=Duration(3600)),
    run=run,
    timeout=300.0,
)
