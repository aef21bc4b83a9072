"""Judging on two cores: rules that search the content of files are asked in a process apart.

Owns what goes there and back. One Python process searches on one core, however many there are.
What both need (names, digests) is read before the fork, so that neither reads it again. Refuses to
lose a rule: where the process apart brings nothing back, its rules are asked here.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Sequence

from agent.errors import CaretakerError
from agent.host.machine import Host
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.judging import Judged, asked
from packer.certify.rule import Rule, Subject
from packer.certify.rules import SEARCHES

_SEARCHES = frozenset(rule.id for rule in SEARCHES)
_PATIENCE = 600.0  # seconds
# An archive is read through one stream whose place in the file both processes would share.
_KINDS = ("disk", "folder", "live")
_Answer = dict[str, Judged]


def both(subject: Subject, rules: Sequence[Rule], host: Host) -> tuple[Judged, ...]:
    """In the order of `rules`, each asked once. Raises nothing."""
    there = [rule for rule in rules if rule.id in _SEARCHES]
    here = [rule for rule in rules if rule.id not in _SEARCHES]

    def ask(some: Sequence[Rule]) -> _Answer:
        return {rule.id: asked(subject, rule, host.clock) for rule in some}

    if not _pays(subject, here, there):
        found = ask(rules)
    else:
        with contextlib.suppress(CaretakerError):  # each rule that wants it says so
            unverified(subject.tree)
        found = _shared(ask, here, there, host)
    return tuple(found[rule.id] for rule in rules)


def _pays(subject: Subject, here: Sequence[Rule], there: Sequence[Rule]) -> bool:
    """A fork copies the locks of other threads, not the threads."""
    cores = len(os.sched_getaffinity(0))
    alone = threading.active_count() == 1
    return subject.tree.kind in _KINDS and bool(here and there) and cores > 1 and alone


def _shared(
    ask: Callable[[Sequence[Rule]], _Answer],
    here: Sequence[Rule],
    there: Sequence[Rule],
    host: Host,
) -> _Answer:
    found: _Answer = {}

    def meanwhile() -> None:
        found.update(ask(here))

    try:
        outcome = host.apart(
            lambda: _packed(ask(there)), timeout=_PATIENCE, gentle=False, meanwhile=meanwhile
        )
    except OSError:  # there can be no more processes
        return ask([*here, *there])
    told = _opened(outcome.result, there) if outcome.result else ask(there)
    return {**found, **told}


def _packed(answer: _Answer) -> bytes:
    """ASCII: the path of a file may be no UTF-8, and stands as escaped surrogates then."""
    rows = {
        name: (
            each.verdict,
            [(one.path, one.words) for one in each.findings],
            each.seconds,
            each.why,
        )
        for name, each in answer.items()
    }
    return json.dumps(rows).encode("ascii")


def _opened(content: bytes, rules: Sequence[Rule]) -> _Answer:
    rows = json.loads(content)
    return {
        rule.id: Judged(rule, verdict, tuple(Finding(*one) for one in findings), seconds, why)
        for rule in rules
        for verdict, findings, seconds, why in (rows[rule.id],)
    }
