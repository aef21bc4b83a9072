"""JUnit's XML, as CI servers read it: a suite for each kind of rule, a case for each rule.

Owns that rendering. A rule that does not apply is skipped, one that could not look is an error.
"""

from __future__ import annotations

from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from packer.certify.report.record import Report, RuleTold


def render(report: Report) -> str:
    top = Element("testsuites", name=f"caretaker certify {report.subject}")
    for name, group in groupby(report.rules, key=lambda rule: rule.id.rpartition("-")[0]):
        rules = tuple(group)
        suite = SubElement(
            top,
            "testsuite",
            name=name,
            tests=str(len(rules)),
            failures=str(_count(rules, "fail")),
            errors=str(_count(rules, "error")),
            skipped=str(_count(rules, "not-applicable")),
            time=f"{sum(rule.seconds for rule in rules):.3f}",
            timestamp=report.at.rstrip("Z"),
        )
        for rule in rules:
            _case(suite, rule)
    indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def _case(suite: Element, rule: RuleTold) -> None:
    case = SubElement(
        suite, "testcase", name=f"{rule.id} {rule.title}", classname=f"certify.{rule.id}",
        time=f"{rule.seconds:.3f}",
    )  # fmt: skip
    told = "\n".join(f"{each.path} {each.words}" for each in rule.findings)
    if rule.verdict == "fail":
        SubElement(case, "failure", message=rule.fix, type=rule.severity).text = told
    elif rule.verdict == "error":
        SubElement(case, "error", message=rule.why, type="unreadable")
    elif rule.verdict == "not-applicable":
        SubElement(case, "skipped", message=rule.why)
    elif rule.verdict == "warn":
        SubElement(case, "system-out").text = f"warning: {told}"


def _count(rules: tuple[RuleTold, ...], verdict: str) -> int:
    return sum(rule.verdict == verdict for rule in rules)
