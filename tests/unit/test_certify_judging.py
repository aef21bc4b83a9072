"""Judging: what a rule says becomes a verdict, and a rule that breaks never passes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import MachineError
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.judging import MOST, judge
from packer.certify.opening import open_tree
from packer.certify.rule import Probe, Rule, Subject, Target
from packer.certify.rules import RULES


def rule(probe: Probe, *, warn: bool = False, target: Target = "aws", name: str = "T-1") -> Rule:
    return Rule(name, "t", (), frozenset((target,)), "high", probe, "mend it", warn=warn)


def good(subject: Subject) -> Iterator[Finding]:
    yield from ()


def bad(subject: Subject) -> Iterator[Finding]:
    yield Finding("/etc/x", "is wrong")


def endless(subject: Subject) -> Iterator[Finding]:
    while True:
        yield Finding("/etc/x", "is wrong")


def absent(subject: Subject) -> Iterator[Finding]:
    raise NotApplicableError("no such agent")


def blind(subject: Subject) -> Iterator[Finding]:
    yield Finding("/etc/x", "is wrong")
    raise MachineError("image-invalid", "/etc/x can't be read")


def broken(subject: Subject) -> Iterator[Finding]:
    raise KeyError("shadow")


@pytest.mark.parametrize(
    ("probe", "verdict", "why"),
    [
        (good, "pass", ""),
        (bad, "fail", ""),
        (absent, "not-applicable", "no such agent"),
        (blind, "error", "/etc/x can't be read"),
        (broken, "error", "the rule itself broke: KeyError: 'shadow'"),
    ],
)
def test_what_a_probe_says_becomes_a_verdict(
    tmp_path: Path, probe: Probe, verdict: str, why: str
) -> None:
    with open_tree(tmp_path) as subject:
        (judged,) = judge(subject, [rule(probe)]).judged
    assert (judged.verdict, judged.why) == (verdict, why)


def test_a_warning_fails_nothing_and_an_error_does(tmp_path: Path) -> None:
    with open_tree(tmp_path) as subject:
        assert judge(subject, [rule(bad, warn=True)]).is_good
        assert not judge(subject, [rule(broken, warn=True)]).is_good


def test_the_same_fault_a_million_times_is_cut(tmp_path: Path) -> None:
    with open_tree(tmp_path) as subject:
        (judged,) = judge(subject, [rule(endless)]).judged
    assert len(judged.findings) == MOST


def test_rules_of_other_clouds_are_not_asked_and_ours_always_are(tmp_path: Path) -> None:
    rules = [rule(bad, target="aws"), rule(bad, target="gcp"), rule(bad, target="caretaker")]
    with open_tree(tmp_path) as subject:
        result = judge(subject, rules, ["gcp"])
    assert [each.rule.targets for each in result.judged] == [{"gcp"}, {"caretaker"}]


def test_every_rule_has_a_number_of_its_own_a_clause_and_a_cure() -> None:
    assert len({each.id for each in RULES}) == len(RULES)
    assert [each.id for each in RULES if not (each.clauses and each.fix and each.targets)] == []
