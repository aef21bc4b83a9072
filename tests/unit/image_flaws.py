"""Small files of known flaws for tests, shaped as sources publish them. No flaw is a real one."""

import json
from pathlib import Path
from typing import Any

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"  # 7.5


def osv(
    name: str, package: str, *events: dict[str, str], ecosystem: str = "Debian:12", **more: Any
) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}]
    affected = {"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}
    return {"id": name, "modified": "2026-11-20T00:00:00Z", "affected": [affected], **more}


INTRODUCED = {"introduced": "0"}
OSV = [
    osv("DSA-9001-1", "glibc", INTRODUCED, {"fixed": "2.36-9+deb12u14"},
        upstream=["CVE-2099-1001"], severity=[{"type": "CVSS_V3", "score": HIGH}],
        summary="libc reads too far"),
    osv("DSA-9002-1", "bash", INTRODUCED, {"fixed": "5.2.15-2"}, summary="mended long ago"),
    osv("CVE-2099-1003", "mawk", INTRODUCED, database_specific={"severity": "LOW"}),
    osv("DSA-9004-1", "glibc", INTRODUCED, {"fixed": "9"}, ecosystem="Debian:13"),
    osv("GHSA-aaaa-bbbb-cccc", "First.One", {"introduced": "0.5"}, {"fixed": "1.0.1"},
        ecosystem="PyPI", aliases=["CVE-2099-2001"],
        database_specific={"severity": "CRITICAL"}, summary="one runs what it is sent"),
    osv("PYSEC-2099-1", "first-one", INTRODUCED, {"last_affected": "1.0"}, ecosystem="PyPI",
        aliases=["CVE-2099-2001", "GHSA-aaaa-bbbb-cccc"]),
    osv("PYSEC-2099-2", "second-one", INTRODUCED, {"fixed": "1.9"}, ecosystem="PyPI"),
    {**osv("PYSEC-2099-3", "second-one", INTRODUCED, ecosystem="PyPI"),
     "withdrawn": "2026-01-01T00:00:00Z"},
    osv("PYSEC-2099-4", "second-one", INTRODUCED, {"fixed": "2.0.post1"}, ecosystem="PyPI"),
]  # fmt: skip

TRACKER: dict[str, Any] = {
    "glibc": {
        "CVE-2099-1001": {
            "description": "libc reads too far", "scope": "local",
            "releases": {"bookworm": {"status": "resolved", "urgency": "medium",
                                      "fixed_version": "2.36-9+deb12u14",
                                      "repositories": {"bookworm": "2.36-9+deb12u13"}}},
        },
        "CVE-2099-1005": {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}},
        "CVE-2099-1006": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0"}}},
        "CVE-2099-1007": {"releases": {"trixie": {"status": "open", "urgency": "high"}}},
    },
    "other": {"CVE-2099-1": {"releases": {"bookworm": {"status": "open"}}}},
}  # fmt: skip


def openvex(name: str, product: str, expires: str | None, **changes: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "vulnerability": {"name": name},
        "products": [{"@id": product}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        "impact_statement": "we never call it",
    }
    if expires is not None:
        statement["expires"] = expires
    return {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "urn:example:vex",
        "author": "Example Ltd",
        "timestamp": "2026-11-01T00:00:00Z",
        "version": 1,
        "statements": [{**statement, **changes}],
    }


def write(path: Path, told: object) -> Path:
    path.write_text(json.dumps(told))
    return path
