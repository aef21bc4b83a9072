"""SARIF 2.1.0: a scan written for code-scanning screens.

Owns the writing. Refuses to lose what is ignored: it is a suppressed result, with its reason.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from agent.version import version
from packer.vulnerabilities.cvss import Severity
from packer.vulnerabilities.scan import Hit, Scan

_LEVELS: dict[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "unknown": "warning",
    "low": "note", "negligible": "note",
}  # fmt: skip
# What screens sort by: the lower end of each word's scores (CVSS 3.1, section 5).
_SCORES: dict[Severity, str] = {
    "critical": "9.0", "high": "7.0", "medium": "4.0", "unknown": "7.0", "low": "0.1",
    "negligible": "0.0",
}  # fmt: skip


def render(scan: Scan, name: str) -> bytes:
    """`name` is what was scanned, as a path or an image's name."""
    rules: dict[str, dict[str, Any]] = {}
    for hit in scan.hits:
        rules.setdefault(hit.id, _rule(hit))
    order = {rule: at for at, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "caretaker",
                "version": version(),
                "rules": list(rules.values()),
            }
        },
        "results": [_result(hit, order[hit.id], name) for hit in scan.hits],
        "columnKind": "utf16CodeUnits",
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return msgspec.json.encode(document) + b"\n"


def _rule(hit: Hit) -> dict[str, Any]:
    text = hit.summary or hit.id
    return {
        "id": hit.id,
        "shortDescription": {"text": text},
        "help": {"text": f"{text}\nOther names: {', '.join(hit.aliases) or 'none'}"},
        "properties": {
            "security-severity": _SCORES[hit.severity],
            "tags": ["security", "vulnerability"],
        },
    }


def _result(hit: Hit, rule: int, name: str) -> dict[str, Any]:
    cure = f"Fixed Version: {hit.fixed}" if hit.fixed else "There is no fixed version yet"
    told: dict[str, Any] = {
        "ruleId": hit.id,
        "ruleIndex": rule,
        "level": _LEVELS[hit.severity],
        "message": {
            "text": f"Package: {hit.package}\nInstalled Version: {hit.version}\n"
            f"Severity: {hit.severity.upper()}\n{cure}"
        },
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": quote(name.lstrip("/"))}},
                "logicalLocations": [{"fullyQualifiedName": part} for part in hit.parts],
            }
        ],
        # Versions stay out of it: a flaw that lives on through an update is the same one.
        "partialFingerprints": {"caretaker/v1": f"{hit.id}:{hit.package}"},
    }
    if hit.state != "open":
        told["suppressions"] = [_suppression(hit)]
    return told


def _suppression(hit: Hit) -> dict[str, Any]:
    """A statement that ended is shown as one that is under review again."""
    return {
        "kind": "external",
        "status": "accepted" if hit.state == "ignored" else "underReview",
        "justification": f"{hit.why} (until {hit.until})",
    }
