"""The checklist of a submission as one page: opened anywhere, printed, kept.

Owns that rendering. Refuses scripts, fonts and pictures from elsewhere, and unescaped text.
"""

from __future__ import annotations

from html import escape

from packer.certify.report.record import Report, RuleTold
from packer.certify.report.style import STYLE
from packer.certify.report.words import (
    NAMES,
    ORDER,
    VERDICTS,
    evidence,
    of_target,
    subject,
    summary,
)
from packer.certify.rule import Target


def render(report: Report) -> str:
    title = f"Certification of {report.subject}"
    good = "good" if report.good else "bad"
    verdict = "Ready to submit" if report.good else "Not ready to submit"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>",
        f"<header class={good}><p class=kind>Submission checklist</p>",
        f"<h1>{escape(report.subject)}</h1><p class=verdict>{verdict}</p>",
        f"<p>{escape(summary(report))}</p>{_bar(report)}</header>",
        _subject(report),
        _wrong(report),
        *(_target(report, target) for target in report.targets),
        _conflicts(report),
        "</main></body></html>",
    ]
    return "\n".join(filter(None, parts)) + "\n"


def _bar(report: Report) -> str:
    """How many of each, side by side; the words above say the same."""
    pieces = [
        f'<i class="{verdict}" style="flex:{count}"></i>'
        for verdict in ORDER
        if (count := report.counts[verdict])
    ]
    return f'<div class="bar" aria-hidden="true">{"".join(pieces)}</div>'


def _subject(report: Report) -> str:
    rows = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in subject(report)
    )
    return f"<dl>{rows}</dl>"


def _wrong(report: Report) -> str:
    """What must be done, before the long lists."""
    rules = report.of("fail", "error")
    if not rules:
        return ""
    told = "".join(
        f"<li><b>{rule.id}</b> {escape(rule.title)}{_evidence(rule)}"
        f"<p class=fix>{escape(rule.fix)}</p></li>"
        for rule in rules
    )
    return f"<section><h2>To do</h2><ol class=todo>{told}</ol></section>"


def _target(report: Report, target: Target) -> str:
    rules = of_target(report, target)
    if not rules:
        return ""
    passed = sum(rule.verdict == "pass" for rule in rules)
    rows = "".join(_row(rule) for rule in rules)
    return (
        f"<section><h2>{escape(NAMES[target])}<small>{passed} of {len(rules)} pass</small></h2>"
        "<table><thead><tr><th>Rule<th>Asked by<th>Verdict<th>Evidence</tr></thead>"
        f"<tbody>{rows}</tbody></table></section>"
    )


def _row(rule: RuleTold) -> str:
    clauses = "<br>".join(_clause(each.document, each.section, each.url) for each in rule.clauses)
    return (
        f"<tr><td><b>{rule.id}</b> {escape(rule.title)}<td class=clause>{clauses}"
        f'<td><span class="tag {rule.verdict}">{VERDICTS[rule.verdict]}</span>'
        f"<td>{_evidence(rule)}</tr>"
    )


def _clause(document: str, section: str, url: str) -> str:
    text = escape(f"{document}, {section}")
    return f'<a href="{escape(url)}">{text}</a>' if url.startswith("https://") else text


def _evidence(rule: RuleTold) -> str:
    lines = evidence(rule)
    if len(lines) == 1:
        return f"<p>{escape(lines[0])}</p>"
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _conflicts(report: Report) -> str:
    if not report.conflicts:
        return ""
    rows = "".join(
        f"<tr><td>{escape(each.topic)}<td>{'<br>'.join(map(escape, each.sides))}"
        f"<td><b>{escape(each.chosen)}</b><br>{escape(each.why)}</tr>"
        for each in report.conflicts
    )
    return (
        "<section><h2>Where documents disagree</h2><table><thead><tr><th>About<th>Who wants what"
        f"<th>Chosen, and why</tr></thead><tbody>{rows}</tbody></table></section>"
    )
