"""False alarms: what the rules say of a distribution as it came, once it is sealed.

Owns the count. What a bootstrap leaves (bench/certify/clean.py SEAL) is told by the rules rightly,
and is taken away first; every other finding counts as a false alarm, of the distribution and of the
appliance made of it, into which faults are planted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.certify.clean import APPLIANCE, SEAL, sealing
from bench.certify.faults import FAULTS
from bench.certify.planting import planted
from bench.health.table import Bar, Report
from packer.certify.finding import Verdict
from packer.certify.judging import judge
from packer.certify.opening import open_tree
from packer.certify.rule import Subject
from packer.certify.rules import RULES

_BAD: tuple[Verdict, ...] = ("fail", "warn", "error")
MEANT = frozenset(fault.rule for fault in FAULTS)
OURS = tuple(rule for rule in RULES if rule.id in MEANT)


def quiet(trees: Sequence[Path]) -> Report:
    """The rules of the corpus on each tree, before and after sealing."""
    report = Report(
        "Clean trees", ("tree", "files", "as bootstrapped", "sealed: false alarms", "seconds")
    )
    alarms = 0
    slowest = 0.0
    for path in trees:
        with open_tree(path) as subject:
            raw = judge(subject, OURS)
            slowest = max(slowest, raw.seconds)
            there = tuple(at for at, _ in SEAL if subject.tree.entry(at) is not None)
            twin = planted(subject.tree, *sealing(there))
            after = judge(Subject(twin, subject.manifest), OURS)
            sold = judge(Subject(planted(subject.tree, *sealing(there), *APPLIANCE)), OURS)
            told = [each.rule.id for each in raw.of("fail", "warn")]
            wrong = [
                f"{each.rule.id} {each.findings[0].path}: {each.findings[0].words}"
                if each.findings
                else f"{each.rule.id}: {each.why}"
                for each in (*after.of(*_BAD), *sold.of(*_BAD))
            ]
            files = sum(1 for entry in subject.tree.walk() if entry.is_file)
        alarms += len(wrong)
        report.notes += [f"{path.name}: {one}" for one in wrong]
        report.rows.append(
            [path.name, str(files), ", ".join(told) or "-", str(len(wrong)), f"{raw.seconds:.2f}"]
        )
    report.bars = [
        Bar("false alarms on clean trees", alarms, 0),
        Bar("rules asked", len(OURS), 60, least=True),
    ]
    report.notes.append(f"slowest tree: {slowest:.2f} s, digests of every packaged file included")
    report.figures = {"false_alarms": alarms, "rules": len(OURS), "slowest_seconds": slowest}
    return report
