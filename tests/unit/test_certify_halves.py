"""Rules asked in two processes answer as they do in one, and none is lost when one of them dies."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.host.machine import Host
from packer.certify import halves
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.judging import Judged, judge
from packer.certify.opening import open_tree
from packer.certify.rule import Probe, Rule, Subject
from packer.certify.rules import RULES, SEARCHES

HERE = next(rule for rule in RULES if rule not in SEARCHES)
THERE = SEARCHES[:3]
ODD = "/home/gr\udcfc/key"


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/app.conf").write_text("password = kT9vQ2mZx4LwB7pR\n")
    with open_tree(tmp_path) as subject:
        yield subject


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def both(subject: Subject, rules: Sequence[Rule]) -> tuple[Judged, ...]:
    return halves.both(subject, rules, Host())


def where(seen: list[int], probe: Probe) -> Probe:
    def asked(subject: Subject) -> Iterator[Finding]:
        seen.append(os.getpid())
        yield Finding("/pid", str(os.getpid()))
        yield from probe(subject)

    return asked


def says(*found: Finding) -> Probe:
    return lambda subject: found


def told(judged: Sequence[Judged]) -> list[tuple[str, str, tuple[Finding, ...], str]]:
    return [(each.rule.id, each.verdict, each.findings, each.why) for each in judged]


@pytest.mark.real
def test_every_rule_answers_as_it_does_alone_and_in_its_order(subject: Subject) -> None:
    alone = judge(subject, RULES)
    assert "KEY-08" in {each.rule.id for each in alone.of("fail")}
    assert told(both(subject, RULES)) == told(alone.judged)


@pytest.mark.real
def test_those_that_search_are_asked_in_another_process(subject: Subject) -> None:
    seen: list[int] = []
    rules = [replace(each, probe=where(seen, says())) for each in (HERE, *THERE)]
    found = [each.findings[0].words for each in both(subject, rules)]
    assert seen == [os.getpid()]
    assert found[0] == str(os.getpid())
    assert len({*found[1:]}) == 1
    assert found[0] != found[1]


@pytest.mark.real
def test_what_a_rule_says_comes_back_whole(subject: Subject) -> None:
    def skips(subject: Subject) -> Iterator[Finding]:
        raise NotApplicableError("no ä here")

    def breaks(subject: Subject) -> Iterator[Finding]:
        raise ValueError("7")

    probes: tuple[Probe, ...] = (says(Finding(ODD, "holds a key")), skips, breaks)
    rules = [replace(each, probe=probe) for each, probe in zip(THERE, probes, strict=True)]
    found = both(subject, [HERE, *rules])[1:]
    assert found[0].findings == (Finding(ODD, "holds a key"),)
    assert (found[1].verdict, found[1].why) == ("not-applicable", "no ä here")
    assert found[2].verdict == "error"
    assert "ValueError: 7" in found[2].why


@pytest.mark.real
def test_a_process_that_dies_loses_no_rule(subject: Subject) -> None:
    mine = os.getpid()

    def dies(subject: Subject) -> Iterator[Finding]:
        if os.getpid() != mine:
            os.kill(os.getpid(), signal.SIGKILL)
        yield Finding("/a", "is open")

    rules = [HERE, replace(THERE[0], probe=dies), THERE[1]]
    found = both(subject, rules)
    assert [each.rule.id for each in found] == [rule.id for rule in rules]
    assert found[1].verdict == "fail"


@pytest.mark.parametrize(
    ("name", "answer"), [("sched_getaffinity", lambda pid: {0}), ("active_count", lambda: 2)]
)
def test_one_core_or_threads_mean_one_process(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[..., object]
) -> None:
    module = os if name == "sched_getaffinity" else threading
    monkeypatch.setattr(module, name, answer)
    seen: list[int] = []
    rules = [replace(each, probe=where(seen, says())) for each in (HERE, *THERE)]
    both(subject, rules)
    assert seen == [os.getpid()] * 4
