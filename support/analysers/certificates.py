"""Certificates of the appliance: ended, ending, without their key, for another name, weak."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from support.analysers.analyser import Analyser, Evidence, Judgement
from support.analysers.documents import cite, document, listed_in
from support.analysers.telling import failed, listed, passed, unknown, warned
from support.analysers.window import CLOCK, end_of, spell

FILE = "certificates/certificates.json"
ENVIRONMENT = "system/environment.json"
SOON, DAY = 21, 86400.0
_NAME_WRONG = re.compile(r"(?i)host ?name|valid for|names? do(?:es)? not|not for this")


class _Certificate(msgspec.Struct):
    name: str | None = None
    file: str = ""
    by: str | None = None
    subject: Any = None
    names: list[str] | None = None
    begins: float | None = None
    ends: float | None = None
    days_left: float | None = None
    key: Any = None
    key_matches: bool | None = None
    self_signed: bool | None = None
    weak: Any = None
    wanted: list[str] | None = None
    problem: str | None = None


class _Environment(msgspec.Struct):
    hostname: str | None = None


def judge(evidence: Evidence) -> Iterator[Judgement]:
    certificates = listed_in(evidence, FILE, _Certificate)
    if certificates is None:
        yield unknown("No certificate was collected", advice="sudo caretaker tls")
        return
    found = [told for each in certificates for told in _of(evidence, each)]
    yield from found
    if not certificates:
        yield passed("The appliance has no certificate")
    elif not found:
        nearest = min((each.days_left for each in certificates if each.days_left is not None),
                      default=None)  # fmt: skip
        words = "" if nearest is None else f"; the first ends in {nearest:.0f} days"
        yield passed(f"Certificates are valid and belong to their keys{words}")


def _of(evidence: Evidence, one: _Certificate) -> Iterator[Judgement]:
    name = one.name or one.file
    mend = _mend(one)

    def told(answer: Any, words: str, advice: str = mend) -> Judgement:
        needle = f'"{one.name}"' if one.name else f'"{one.file}"'
        judgement: Judgement = answer(words, [cite(evidence, FILE, needle, words)], advice)
        return judgement

    left = _left(evidence, one)
    if one.key_matches is False:
        yield told(failed, f"The key of certificate {name} belongs to another certificate")
    if left is not None and left < 0:
        yield told(failed, f"Certificate {name} ended {spell(-left)} ago")
    elif left is not None and left < SOON * DAY and left < _third(one):
        yield told(warned, f"Certificate {name} ends in {spell(left)}")
    if one.begins is not None and end_of(evidence, one.begins) < one.begins:
        advice = "is the clock right? timedatectl; sudo caretaker remedies run clock"
        yield told(failed, f"Certificate {name} is not valid yet", advice)
    if weak := (one.weak if isinstance(one.weak, str) else "") or _weak(one.key):
        yield told(warned, f"Certificate {name} is weak: {weak}")
    if one.problem:
        tell = failed if _NAME_WRONG.search(one.problem) else warned
        yield told(tell, f"Certificate {name}: {one.problem}")
    elif missing := [each for each in one.wanted or [] if not _covers(one.names, each)]:
        yield told(failed, f"Certificate {name} is not for {listed(missing)}, as it should be")
    elif (host := _host(evidence)) and one.by != "customer" and not _covers(one.names, host):
        yield told(warned, f"Certificate {name} is not for this machine's name, {host}")


def _mend(one: _Certificate) -> str:
    if one.by == "customer":
        return f"bring a new one: sudo caretaker tls import {one.name or 'NAME'} --help"
    return f"sudo caretaker tls renew {one.name}" if one.name else "sudo caretaker tls"


def _left(evidence: Evidence, one: _Certificate) -> float | None:
    """Seconds."""
    if one.ends is not None:
        return one.ends - end_of(evidence, one.ends - (one.days_left or 0.0) * DAY)
    return None if one.days_left is None else one.days_left * DAY


def _third(one: _Certificate) -> float:
    """A short-lived one is renewed at two thirds of its life, and is no worry before."""
    if one.ends is None or one.begins is None:
        return SOON * DAY
    return (one.ends - one.begins) / 4


def _weak(key: Any) -> str:
    words = key if isinstance(key, str) else " ".join(map(str, key.values())) if isinstance(
        key, dict) else ""  # fmt: skip
    bits = re.search(r"\d{3,5}", words)
    if bits is None:
        return ""
    rsa = re.search(r"(?i)rsa|dsa\b", words) and not re.search(r"(?i)ec|ed", words)
    least = 2048 if rsa else 224
    return words if int(bits.group()) < least else ""


def _host(evidence: Evidence) -> str:
    found = document(evidence, ENVIRONMENT, _Environment)
    return (found.hostname or "") if found else ""


def _covers(names: list[str] | None, host: str) -> bool:
    """True also where there is nothing to compare: a name without dots proves nothing, and one
    with a placeholder was not the machine's yet."""
    if not names or "." not in host or "{" in host:
        return True
    parent = host.split(".", 1)[1]
    return any(each.lower() in (host.lower(), f"*.{parent}".lower()) for each in names)


ANALYSER = Analyser(
    code="certificates",
    title="Certificates",
    judge=judge,
    reads=(FILE, ENVIRONMENT, CLOCK),
)
