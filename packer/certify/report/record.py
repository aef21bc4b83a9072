"""What a certification found, as it is kept and sent: plain values with a published schema.

Owns the shape and its JSON Schema. Refuses to lose what could not be looked at: every rule that was
asked is there with its verdict.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from agent.host.clock import rfc3339
from agent.version import version
from packer.certify.conflicts import CONFLICTS
from packer.certify.facts.system import system_of
from packer.certify.finding import Severity, Verdict
from packer.certify.judging import Judged, Result
from packer.certify.rule import Subject, Target
from packer.certify.tree import Kind

FORMAT = 1
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class ClauseTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    section: str
    url: str = ""


class FindingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`path` is absolute within what was looked at."""

    path: str
    words: str


class RuleTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`why`: it does not apply, or could not be looked at. `fix`: the act that cures it."""

    id: str
    title: str
    severity: Severity
    targets: tuple[Target, ...]
    clauses: tuple[ClauseTold, ...]
    fix: str
    verdict: Verdict
    why: str
    seconds: float
    findings: tuple[FindingTold, ...]


class ConflictTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topic: str
    sides: tuple[str, ...]
    chosen: str
    why: str
    rules: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`good`: nothing failed, and nothing could not be looked at. `at` is RFC 3339, in UTC.

    `digests`: SHA-256 by name of file, where whoever asked knows them.
    """

    format: int
    tool: str
    subject: str
    kind: Kind
    system: str
    appliance: str
    at: str
    seconds: float
    targets: tuple[Target, ...]
    good: bool
    counts: dict[Verdict, int]
    rules: tuple[RuleTold, ...]
    conflicts: tuple[ConflictTold, ...]
    digests: dict[str, str]

    def of(self, *verdicts: Verdict) -> tuple[RuleTold, ...]:
        return tuple(rule for rule in self.rules if rule.verdict in verdicts)


def report(
    name: str, subject: Subject, result: Result, digests: dict[str, str] | None = None
) -> Report:
    """`name` is what the person called the image, the folder or the machine."""
    verdicts: tuple[Verdict, ...] = ("pass", "warn", "fail", "not-applicable", "error")
    asked = {each.rule.id for each in result.judged}
    return Report(
        FORMAT,
        f"caretaker {version()}",
        clean(name),
        result.kind,
        clean(told.title if (told := system_of(subject.tree)) else ""),
        clean(_appliance(subject)),
        rfc3339(result.at),
        round(result.seconds, 3),
        result.targets,
        result.is_good,
        {verdict: len(result.of(verdict)) for verdict in verdicts},
        tuple(map(_rule, result.judged)),
        tuple(
            ConflictTold(each.topic, each.sides, each.chosen, each.why, each.rules)
            for each in CONFLICTS
            if asked.intersection(each.rules)
        ),
        dict(sorted((digests or {}).items())),
    )


def schema() -> dict[str, Any]:
    title = f"what `caretaker certify --json` prints, format {FORMAT}"
    return {"$schema": DIALECT, "title": title, **msgspec.json.schema(Report)}


def schema_text() -> str:
    return json.dumps(schema(), indent=2, sort_keys=True) + "\n"


def clean(text: str) -> str:
    """Out of a stranger's image: no control characters, no bytes that are no letters."""
    return "".join(
        c if c.isprintable() else c.encode("utf-8", "surrogateescape").decode(errors="replace")
        if "\udc80" <= c <= "\udcff" else "�"
        for c in text
    )  # fmt: skip


def _appliance(subject: Subject) -> str:
    return subject.manifest.appliance.name if subject.manifest is not None else ""


def _rule(judged: Judged) -> RuleTold:
    rule = judged.rule
    return RuleTold(
        rule.id,
        rule.title,
        rule.severity,
        tuple(sorted(rule.targets)),
        tuple(ClauseTold(each.document, each.section, each.url) for each in rule.clauses),
        rule.fix,
        judged.verdict,
        clean(judged.why),
        round(judged.seconds, 4),
        tuple(FindingTold(clean(each.path), clean(each.words)) for each in judged.findings),
    )
