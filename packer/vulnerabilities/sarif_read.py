"""SARIF that other scanners wrote: trivy, grype, and ourselves.

Owns reading flaw, package, versions and severity out of it; these stand in the text of a message
or of its rule, on lines of their own, as both tools write them. Refuses a file that is no SARIF; a
result that names no package is told by its id alone.
"""

from __future__ import annotations

import re
from typing import Any

from agent.errors import MachineError
from packer.vulnerabilities import cvss, loose
from packer.vulnerabilities.cvss import Severity
from packer.vulnerabilities.scan import Hit

CAP = 128 << 20  # bytes
_ID = re.compile(r"(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|[A-Z]{2,12}-\d{4}-\d+(?:-\d+)?)")
_LINE = re.compile(
    r"^[^\w\n]{0,9}(Package|Installed Version|Version|Fixed Version|Fix Version|Severity)"
    r"[^\w\n]{0,9}:[ \t]*(.+)$",
    re.M | re.I,
)
_TEXT = 8192  # characters of one message that are looked at
_NAMES = {"installed version": "version", "fix version": "fixed", "fixed version": "fixed"}
_GRYPE = re.compile(r"in \w+ package:? (\S+?),? version (\S+)")
_NOTHING = frozenset(("", "none", "n/a", "not fixed", "unknown"))


def read(content: bytes, name: str) -> tuple[Hit, ...]:
    """The results as hits; `name` is their source. Raises MachineError `sbom-invalid`."""
    try:
        told = loose.read(content)
    except ValueError as error:
        raise _invalid(name, str(error)) from error
    if not isinstance(told, dict) or told.get("version") != "2.1.0":
        raise _invalid(name, "its version is not 2.1.0")
    found: list[Hit] = []
    for run in loose.rows(told, "runs"):
        driver = loose.table(loose.table(run, "tool"), "driver")
        rules = {str(rule.get("id")): rule for rule in loose.rows(driver, "rules")}
        tool = str(driver.get("name", "")) or name
        found += [_hit(row, rules, tool) for row in loose.rows(run, "results")]
    return tuple(found)


def _hit(row: dict[str, Any], rules: dict[str, dict[str, Any]], source: str) -> Hit:
    rule = rules.get(str(row.get("ruleId")), {})
    message, help_ = _text(row, "message"), _text(rule, "help")
    told = {**_lines(help_), **_lines(message)}
    match = _ID.search(str(row.get("ruleId"))[:_TEXT])
    spoken = _GRYPE.search(message)
    if spoken:
        told.setdefault("package", spoken[1])
        told.setdefault("version", spoken[2])
    fixed = told.get("fixed", "")
    suppressed = bool(loose.rows(row, "suppressions"))
    return Hit(
        id=match[0] if match else str(row.get("ruleId", "unnamed")),
        package=told.get("package", ""),
        version=told.get("version", ""),
        severity=_severity(told.get("severity", ""), rule),
        # Several branches have several cures; any of them is one.
        fixed="" if fixed.lower() in _NOTHING else fixed.split(",")[0].strip(),
        summary=_text(rule, "shortDescription")[:300],
        parts=(told["package"],) if told.get("package") else (),
        sources=(source,),
        # Somebody else's word for it, without an end that we could hold them to.
        why="suppressed there; state it here too, with an end" if suppressed else "",
    )


def _severity(said: str, rule: dict[str, Any]) -> Severity:
    known = cvss.word(said)
    if known != "unknown":
        return known
    try:
        return cvss.severity(float(loose.table(rule, "properties")["security-severity"]))
    except (KeyError, TypeError, ValueError):
        return "unknown"


def _lines(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _LINE.findall(text):
        key = _NAMES.get(name.lower(), name.lower())
        found.setdefault(key, value.strip("*`| "))
    return found


def _text(told: dict[str, Any], key: str) -> str:
    return str(loose.table(told, key).get("text", ""))[:_TEXT]


def _invalid(name: str, why: str) -> MachineError:
    return MachineError("sbom-invalid", f"{name} is no SARIF 2.1.0: {why}",
                        hint="trivy sbom --format sarif sbom.json > trivy.sarif")  # fmt: skip
