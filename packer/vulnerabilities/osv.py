"""Advisories in the OSV format (ossf/osv-schema 1.x): one record each, many in a file.

Owns the record and its meaning: ranges of an ecosystem, versions named one by one, severities.
Refuses ranges of commits: an image holds versions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from packer.sbom import purl
from packer.vulnerabilities import cvss
from packer.vulnerabilities.advisory import Advisory, Span, Wanted
from packer.vulnerabilities.cvss import Severity


class _Package(msgspec.Struct, frozen=True):
    ecosystem: str = ""
    name: str = ""


class _Range(msgspec.Struct, frozen=True):
    type: str = ""
    events: tuple[dict[str, str], ...] = ()


class _Rating(msgspec.Struct, frozen=True):
    type: str = ""
    score: str = ""


class _Affected(msgspec.Struct, frozen=True):
    package: _Package = _Package()
    ranges: tuple[_Range, ...] = ()
    versions: tuple[str, ...] = ()
    severity: tuple[_Rating, ...] = ()
    ecosystem_specific: dict[str, Any] | None = None
    database_specific: dict[str, Any] | None = None


class Record(msgspec.Struct, frozen=True):
    """What of a record counts here; other fields are passed over."""

    id: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    withdrawn: str | None = None
    severity: tuple[_Rating, ...] = ()
    affected: tuple[_Affected, ...] = ()
    database_specific: dict[str, Any] | None = None


def advisories(record: Record, wanted: Wanted) -> Iterator[Advisory]:
    """One for each wanted package that the record is about; none where it was withdrawn."""
    if record.withdrawn:
        return
    for each in record.affected:
        system, package = _named(each.package)
        if (system, package) not in wanted:
            continue
        spans = tuple(span for one in each.ranges if one.type != "GIT" for span in _spans(one))
        yield Advisory(
            id=record.id,
            aliases=(*record.aliases, *record.upstream),
            severity=_severity(record, each),
            summary=record.summary or record.details.partition("\n")[0],
            system=system,
            package=package,
            spans=spans,
            versions=each.versions,
        )


def _named(package: _Package) -> tuple[str, str]:
    """`Debian:12` → `debian-12`; `Ubuntu:24.04:LTS` → `ubuntu-24.04`; `PyPI` → ``."""
    ecosystem, _, rest = package.ecosystem.partition(":")
    if ecosystem == "PyPI":
        return "", purl.normal(package.name)
    edition = next((part for part in rest.split(":") if part[:1].isdigit()), "")
    return f"{ecosystem.lower()}-{edition}", package.name


def _spans(one: _Range) -> Iterator[Span]:
    """Events come in pairs, in the order of versions; the last may have no end."""
    introduced = ""
    for event in one.events:
        if "introduced" in event:
            introduced = event["introduced"]
        elif introduced and "fixed" in event:
            yield Span(introduced, fixed=event["fixed"])
            introduced = ""
        elif introduced and "last_affected" in event:
            yield Span(introduced, last=event["last_affected"])
            introduced = ""
    if introduced:
        yield Span(introduced)


def _severity(record: Record, affected: _Affected) -> Severity:
    """A vector says more than a word; the worst of several counts."""
    found: list[Severity] = []
    for rating in (*affected.severity, *record.severity):
        value = cvss.score(rating.score)
        if value is not None:
            found.append(cvss.severity(value))
        elif rating.type == "Ubuntu":
            found.append(cvss.word(rating.score))
    if not found:
        places = (affected.database_specific, affected.ecosystem_specific, record.database_specific)
        for told in places:
            for key in ("severity", "urgency"):
                value_ = told.get(key) if told else None
                if isinstance(value_, str):
                    found.append(cvss.word(value_))
    worst: Severity = "unknown"
    for each in found:
        worst = cvss.worse(worst, each)
    return worst
