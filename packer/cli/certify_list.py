"""`caretaker certify --list`: the rules, with the clauses they come from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from agent.cli.saying import count, json_line
from packer.certify.rule import Rule, Target


def told(rules: Sequence[Rule], targets: Sequence[Target], *, as_json: bool) -> str:
    """Ends with a newline."""
    shown = [rule for rule in rules if rule.targets & {*targets, "caretaker"}]
    if as_json:
        return json_line([_plain_values(rule) for rule in shown]) + "\n"
    lines = []
    for _, group in groupby(shown, key=lambda rule: rule.id.rpartition("-")[0]):
        for rule in group:
            warns = ", warns only" if rule.warn else ""
            who = ", ".join(sorted(rule.targets))
            lines.append(f"{rule.id:<9} {rule.title}  ({rule.severity}{warns}; {who})")
            lines += [f"{'':<9}   {each.document}, {each.section}" for each in rule.clauses]
        lines.append("")
    return "\n".join(lines) + count(len(shown), "rule") + "\n"


def _plain_values(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity,
        "warn": rule.warn,
        "targets": sorted(rule.targets),
        "clauses": [
            {"document": each.document, "section": each.section, "url": each.url}
            for each in rule.clauses
        ],
        "fix": rule.fix,
        "faults": rule.faults,
    }
