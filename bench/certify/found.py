"""Planted faults: each in a tree of its own, and whether the rule that is meant finds it.

Owns the count, by set: the first, from which the rules were mended, and the one that was held out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from bench.certify.clean import APPLIANCE, SEAL, sealing
from bench.certify.faults import FAULTS
from bench.certify.held_out import HELD_OUT
from bench.certify.planting import Fault, Kept, planted
from bench.health.table import Bar, Report
from packer.certify.finding import NotApplicableError
from packer.certify.opening import open_tree
from packer.certify.rule import Subject
from packer.certify.rules import RULES
from packer.certify.tree import Tree

# Fifteen leaks of one image, on which public tools were measured before; see docs.
FIFTEEN = (
    *("user-password", "authorized-key-user", "bash-history", "ssh-root", "ssh-password"),
    *("ssh-empty-passwords", "host-keys", "machine-id", "random-seed", "aws-credentials"),
    *("root-private-key", "swap-in-fstab", "uid-0-twin", "nopasswd", "python-history"),
)
BY_ID = {rule.id: rule for rule in RULES}


def is_found(tree: Tree, fault: Fault) -> bool:
    """By the rule that is meant, in a sealed appliance made of the tree."""
    there = tuple(at for at, _ in SEAL if tree.entry(at) is not None)
    twin = planted(tree, *sealing(there), *APPLIANCE, *fault.acts)
    try:
        return any(True for _ in BY_ID[fault.rule].probe(Subject(twin)))
    except NotApplicableError:
        return False


def found(path: Path) -> Report:
    report = Report("Planted faults", ("rule", "faults", "found", "held out", "found"))
    with open_tree(path) as subject:
        tree = Kept(subject.tree)
        begun = time.monotonic()
        first = {fault: is_found(tree, fault) for fault in FAULTS}
        second = {fault: is_found(tree, fault) for fault in HELD_OUT}
        seconds = time.monotonic() - begun
    for rule in sorted({fault.rule for fault in FAULTS}):
        report.rows.append([rule, *_cells(rule, first), *_cells(rule, second)])
    for fault, ok in (*first.items(), *second.items()):
        if not ok:
            report.notes.append(f"missed: {fault.rule} {fault.name}")
    fifteen = sum(ok for fault, ok in first.items() if fault.name in FIFTEEN)
    report.bars = [
        Bar("of the fifteen leaks that public tools were compared by", fifteen, 15, least=True),
        Bar("planted faults", len(first), 60, least=True),
        Bar("of them found", sum(first.values()), len(first), least=True),
        Bar("held out, found", sum(second.values()), len(second), least=True),
    ]
    report.notes += [
        "first run of the first set: 245 of 247; of the set that was held out: 213 of 217",
        f"{len(first) + len(second)} trees in {seconds:.1f} s",
    ]
    report.figures = {
        "planted": len(first),
        "found": sum(first.values()),
        "held_out": len(second),
        "held_out_found": sum(second.values()),
        "seconds": seconds,
    }
    return report


def _cells(rule: str, results: dict[Fault, bool]) -> Sequence[str]:
    mine = [ok for fault, ok in results.items() if fault.rule == rule]
    return (str(len(mine)), str(sum(mine))) if mine else ("0", "-")
