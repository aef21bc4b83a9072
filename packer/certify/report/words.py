"""The words that checklists share: clouds by name, verdicts, the evidence of a rule.

Owns those words. Refuses markup, which each checklist has of its own.
"""

from __future__ import annotations

from packer.certify.finding import Verdict
from packer.certify.report.record import Report, RuleTold
from packer.certify.rule import Target

NAMES: dict[Target, str] = {
    "aws": "AWS Marketplace",
    "azure": "Azure Marketplace",
    "gcp": "Google Cloud Marketplace",
    "digitalocean": "DigitalOcean Marketplace",
    "cis": "CIS Debian Linux 12, level 1 server",
    "caretaker": "Asked by Caretaker of every image",
}
VERDICTS: dict[Verdict, str] = {
    "fail": "fails",
    "error": "not looked at",
    "warn": "warning",
    "pass": "passes",
    "not-applicable": "does not apply",
}
ORDER: tuple[Verdict, ...] = ("fail", "error", "warn", "pass", "not-applicable")
_SHOWN = 12


def summary(report: Report) -> str:
    """`92 rules: 3 fail, 1 warning, 80 pass, 8 do not apply`."""
    counts = report.counts
    parts = [
        f"{counts['fail']} fail" if counts["fail"] else "none fails",
        f"{counts['error']} could not be looked at" if counts["error"] else "",
        f"{counts['warn']} warn" if counts["warn"] else "",
        f"{counts['pass']} pass",
        f"{counts['not-applicable']} do not apply" if counts["not-applicable"] else "",
    ]
    return f"{len(report.rules)} rules: {', '.join(filter(None, parts))}"


def evidence(rule: RuleTold) -> list[str]:
    """What was seen, a line each; the last one says how many more there are."""
    if rule.verdict == "pass":
        return ["looked at; nothing found"]
    if rule.why:
        return [rule.why]
    lines = [f"{each.path} {each.words}" for each in rule.findings[:_SHOWN]]
    left = len(rule.findings) - _SHOWN
    return [*lines, f"and {left} more"] if left > 0 else lines


def of_target(report: Report, target: Target) -> list[RuleTold]:
    """What fails first."""
    rules = [rule for rule in report.rules if target in rule.targets]
    return sorted(rules, key=lambda rule: ORDER.index(rule.verdict))


def subject(report: Report) -> list[tuple[str, str]]:
    """What was judged, by whom and when, as rows."""
    rows = [
        ("image", report.subject),
        ("appliance", report.appliance),
        ("system", report.system),
        ("looked at", report.kind if report.kind != "live" else "this machine, while it runs"),
        ("at", report.at),
        ("by", report.tool),
        ("took", f"{report.seconds:.2f} s"),
        *((f"SHA-256 of {name}", digest) for name, digest in report.digests.items()),
    ]
    return [row for row in rows if row[1]]
