"""Matching: the parts of an image against known flaws.

Owns who has what: versions in spans, one flaw under several names, statements that take it out.
Refuses to call a version harmless that it can't compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from packer.certify.debian_version import DebianVersion
from packer.sbom.parts import Parts
from packer.vulnerabilities import cvss, python_version, vex
from packer.vulnerabilities.advisory import Advisory, Source, Span
from packer.vulnerabilities.listed import Listed, of_parts
from packer.vulnerabilities.scan import Hit, Pinned, Scan, sorted_hits


@dataclass(slots=True)
class _Found:
    """One flaw of one package, while sources are still being read."""

    advisories: list[Advisory] = field(default_factory=list)
    listed: dict[str, Listed] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)


def match(
    parts: Parts | Sequence[Listed],
    data: Source | Sequence[Source],
    statements: Sequence[vex.Statement] = (),
    *,
    now: float,
) -> Scan:
    """What the parts have. `now` (seconds since 1970) decides which statements still hold.

    Raises MachineError `sbom-invalid` for data that can't be read.
    """
    listed = of_parts(parts) if isinstance(parts, Parts) else tuple(parts)
    by_name: dict[tuple[str, str], list[Listed]] = {}
    for each in listed:
        by_name.setdefault((each.system, each.package), []).append(each)
    found: dict[tuple[str, str, str, str], _Found] = {}
    unread: set[str] = set()
    told_of: set[str] = set()
    sources = data if isinstance(data, Sequence) else (data,)
    for source in sources:
        for advisory in source.advisories(frozenset(by_name)):
            told_of.add(advisory.system)
            for each in by_name[advisory.system, advisory.package]:
                hit = _is_hit(advisory, each)
                if hit is None:
                    unread.add(f"{each.name} {each.version}")
                elif hit:
                    key = (advisory.name, each.system, each.package, each.version)
                    _note(found.setdefault(key, _Found()), advisory, each, source.name)
    hits = (_hit(key[0], one, statements, now) for key, one in found.items())
    pinned = tuple(Pinned(source.name, source.sha256) for source in sources)
    unheard = {system or "PyPI" for system in {each.system for each in listed} - told_of}
    return Scan(
        sorted_hits(hits), len(listed), pinned, tuple(sorted(unread)),
        tuple(sorted(unheard)) if sources else (),
    )  # fmt: skip


def _note(found: _Found, advisory: Advisory, each: Listed, source: str) -> None:
    found.advisories.append(advisory)
    found.listed[each.ref] = each
    found.sources.add(source)
    found.fixed |= {span.fixed for span in advisory.spans if span.fixed and _within(span, each)}


def _hit(name: str, found: _Found, statements: Sequence[vex.Statement], now: float) -> Hit:
    each = next(iter(found.listed.values()))
    severity: cvss.Severity = "unknown"
    for advisory in found.advisories:
        severity = cvss.worse(severity, advisory.severity)
    names = {name, *(a.id for a in found.advisories)}
    names |= {alias for a in found.advisories for alias in a.aliases}
    hit = Hit(
        id=name,
        package=each.package,
        version=each.version,
        severity=severity,
        fixed=_earliest(found.fixed, each),
        summary=next((a.summary for a in found.advisories if a.summary), "")[:300],
        parts=tuple(sorted({one.name for one in found.listed.values()})),
        aliases=tuple(sorted(names - {name})),
        sources=tuple(sorted(found.sources)),
    )
    return judged(hit, tuple(found.listed.values()), statements, now)


def judged(
    hit: Hit, listed: Iterable[Listed], statements: Sequence[vex.Statement], now: float
) -> Hit:
    """The hit as statements leave it: ignored only where one holds for every part of it."""
    names = (hit.id, *hit.aliases)
    ended: vex.Statement | None = None
    holding: vex.Statement | None = None
    for each in listed:
        about = [one for one in statements if vex.is_about(one, names, each)]
        held = next((one for one in about if one.until > now), None)
        if held is None:
            late = max(about, key=lambda one: one.until, default=None)
            if late is None:
                return hit
            ended = late
        else:
            holding = held
    chosen = ended or holding
    if chosen is None:
        return hit
    state = "expired" if ended else "ignored"
    return replace(hit, state=state, why=chosen.why, until=_day(chosen.until))


def _day(until: float) -> str:
    return datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d")


def _is_hit(advisory: Advisory, listed: Listed) -> bool | None:
    """None where the versions can't be compared."""
    if listed.version in advisory.versions:
        return True
    answers = [_within(span, listed) for span in advisory.spans]
    if any(answers):
        return True
    return None if None in answers else False


def _within(span: Span, listed: Listed) -> bool | None:
    compare = _debian if listed.type == "deb" else _python
    if span.introduced not in ("", "0"):
        after = compare(listed.version, span.introduced)
        if after is None or after < 0:
            return None if after is None else False
    if span.fixed:
        before = compare(listed.version, span.fixed)
        return None if before is None else before < 0
    if span.last:
        before = compare(listed.version, span.last)
        return None if before is None else before <= 0
    return True


def _debian(one: str, other: str) -> int | None:
    a, b = DebianVersion(one), DebianVersion(other)
    return 0 if a == b else -1 if a < b else 1


def _python(one: str, other: str) -> int | None:
    a, b = python_version.key(one), python_version.key(other)
    if a is None or b is None:
        return None
    return 0 if a == b else -1 if a < b else 1


def _earliest(versions: set[str], listed: Listed) -> str:
    """The lowest version that ends it: the smallest step a person has to take."""
    compare = _debian if listed.type == "deb" else _python
    found = ""
    for each in sorted(versions):
        if not found or (compare(each, found) or 0) < 0:
            found = each
    return found
