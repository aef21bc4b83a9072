"""SARIF 2.1.0, as code scanning reads it (OASIS, sarif-v2.1.0-os).

Owns that rendering: failures and warnings are results, what could not be looked at is a
notification of the run. Refuses results for what passed: viewers show each as an alarm.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from packer.certify.report.record import FindingTold, Report, RuleTold

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "IMAGE"
# What viewers sort by (GitHub, "SARIF support": over 9.0 critical, 7.0 high, 4.0 medium).
_SCORE = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}


def render(report: Report) -> str:
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Caretaker certify",
                "version": report.tool.rpartition(" ")[2],
                "rules": [_descriptor(rule) for rule in report.rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not report.of("error"),
                "startTimeUtc": report.at,
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": rule.why},
                        "associatedRule": {"id": rule.id, "index": index},
                    }
                    for index, rule in enumerate(report.rules)
                    if rule.verdict == "error"
                ],
            }
        ],
        "originalUriBaseIds": {
            _BASE: {"description": {"text": f"the top of {report.subject} ({report.kind})"}}
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(rule, index, finding)
            for index, rule in enumerate(report.rules)
            if rule.verdict in ("fail", "warn")
            for finding in rule.findings
        ],
        "properties": {"targets": list(report.targets), "good": report.good},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _descriptor(rule: RuleTold) -> dict[str, Any]:
    clauses = "; ".join(f"{each.document}, {each.section}" for each in rule.clauses)
    told: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {clauses}".rstrip()},
        "help": {"text": f"To mend it: {rule.fix}"},
        "defaultConfiguration": {"level": _level(rule)},
        "properties": {
            "security-severity": _SCORE[rule.severity],
            "tags": ["security", *rule.targets],
        },
    }
    link = next((each.url for each in rule.clauses if each.url), "")
    if link:
        told["helpUri"] = link
    return told


def _result(rule: RuleTold, index: int, finding: FindingTold) -> dict[str, Any]:
    seen = hashlib.sha256(f"{rule.id}\0{finding.path}\0{finding.words}".encode()).hexdigest()
    uri = quote(finding.path.lstrip("/")) or "."
    return {
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": _level(rule),
        "message": {"text": f"{finding.path} {finding.words}. To mend it: {rule.fix}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": _BASE}}}],
        "partialFingerprints": {"finding/v1": seen},
    }


def _level(rule: RuleTold) -> str:
    if rule.verdict == "warn" or rule.severity == "low":
        return "warning" if rule.verdict == "warn" else "note"
    return "error" if rule.severity in ("critical", "high") else "warning"
