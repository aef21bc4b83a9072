"""Judging a subject: every rule is asked, and what it says becomes a verdict.

Owns the result. Refuses to let a rule that broke, or could not look, count as one that passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from agent.errors import CaretakerError
from agent.host.clock import Clock
from packer.certify.finding import Finding, NotApplicableError, Verdict
from packer.certify.rule import TARGETS, Rule, Subject, Target
from packer.certify.tree import Kind

MOST = 200  # findings kept of one rule; a tree full of the same fault is told once, not a million
EVERYWHERE: Target = "caretaker"  # what we ask of every image, whatever cloud it goes to


@dataclass(frozen=True, slots=True)
class Judged:
    """What one rule said. `why`: it does not apply, or it could not look."""

    rule: Rule
    verdict: Verdict
    findings: tuple[Finding, ...]
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """`at` is wall-clock time; `targets` as they were asked for."""

    kind: Kind
    targets: tuple[Target, ...]
    judged: tuple[Judged, ...]
    seconds: float
    at: float

    def of(self, *verdicts: Verdict) -> tuple[Judged, ...]:
        return tuple(each for each in self.judged if each.verdict in verdicts)

    @property
    def is_good(self) -> bool:
        """Nothing failed, and nothing could not be looked at."""
        return not self.of("fail", "error")


Course = Callable[[Sequence[Rule]], tuple[Judged, ...]]


def judge(
    subject: Subject,
    rules: Sequence[Rule],
    targets: Iterable[Target] = TARGETS,
    *,
    clock: Clock | None = None,
    course: Course | None = None,
) -> Result:
    """Ask the rules that concern one of `targets`; ours are always asked. Raises nothing.

    `course` asks them, by default one after the other.
    """
    clock = clock or Clock()
    wanted = tuple(each for each in TARGETS if each in {*targets, EVERYWHERE})
    begun = clock.monotonic()
    those = [rule for rule in rules if rule.targets & {*wanted}]
    judged = course(those) if course else tuple(asked(subject, rule, clock) for rule in those)
    return Result(subject.tree.kind, wanted, judged, clock.monotonic() - begun, clock.wall())


def asked(subject: Subject, rule: Rule, clock: Clock) -> Judged:
    """What one rule says, and how long it took. Raises nothing."""
    begun = clock.monotonic()
    verdict, findings, why = _answer(subject, rule)
    return Judged(rule, verdict, findings, clock.monotonic() - begun, why)


def _answer(subject: Subject, rule: Rule) -> tuple[Verdict, tuple[Finding, ...], str]:
    try:
        findings = tuple(islice(rule.probe(subject), MOST))
    except NotApplicableError as reason:
        return "not-applicable", (), str(reason)
    except CaretakerError as error:
        return "error", (), error.message
    except Exception as error:  # a defect of one rule must not hide what others find
        return "error", (), f"the rule itself broke: {type(error).__name__}: {error}"
    if not findings:
        return "pass", (), ""
    return ("warn" if rule.warn else "fail"), findings, ""
