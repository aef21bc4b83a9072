"""The checklist of a submission in Markdown, for a ticket or a repository.

Owns that rendering. Refuses to let text out of an image become markup.
"""

from __future__ import annotations

import re

from packer.certify.report.record import Report, RuleTold
from packer.certify.report.words import NAMES, VERDICTS, evidence, of_target, subject, summary

_MARK = {"pass": "x", "not-applicable": "x"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def render(report: Report) -> str:
    verdict = "nothing stands against a submission" if report.good else "not ready for a submission"
    lines = [f"# Certification of {_plain(report.subject)}: {verdict}", "", summary(report), ""]
    lines += ["| what | |", "|---|---|"]
    lines += [f"| {_plain(name)} | {_plain(value)} |" for name, value in subject(report)]
    for target in report.targets:
        if rules := of_target(report, target):
            lines += ["", f"## {NAMES[target]}", "", *map(_item, rules)]
    if report.conflicts:
        lines += ["", "## Where documents disagree", ""]
        for each in report.conflicts:
            chosen = f"{_plain(each.chosen)}, because {_plain(each.why)}"
            lines += [f"- **{_plain(each.topic)}**: {chosen}."]
            lines += [f"  - {_plain(side)}" for side in each.sides]
    return "\n".join(lines) + "\n"


def _item(rule: RuleTold) -> str:
    clauses = "; ".join(_plain(f"{each.document}, {each.section}") for each in rule.clauses)
    mark = _MARK.get(rule.verdict, " ")
    head = f"- [{mark}] **{rule.id}** {_plain(rule.title)}: {VERDICTS[rule.verdict]} ({clauses})"
    if rule.verdict == "pass":
        return head
    told = [f"  - {_plain(line)}" for line in evidence(rule)]
    if rule.verdict in ("fail", "warn"):
        told.append(f"  - to mend it: {_plain(rule.fix)}")
    return "\n".join([head, *told])


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
