"""What several scanners say, as one list.

Owns the union by flaw and package: the worse severity, any cure, every source. Refuses to drop
what only one of them saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from packer.sbom import purl
from packer.vulnerabilities import cvss, vex
from packer.vulnerabilities.listed import Listed
from packer.vulnerabilities.matching import judged
from packer.vulnerabilities.scan import Hit, Scan, sorted_hits


def merge(
    scan: Scan,
    others: Iterable[Hit],
    listed: Sequence[Listed],
    statements: Sequence[vex.Statement],
    *,
    now: float,
) -> Scan:
    """The scan with what others found. A binary package is known by its source's name here, so
    that both scanners' words about one flaw meet."""
    source = {each.name: each.package for each in listed}
    found = {(hit.id, hit.package): hit for hit in scan.hits}
    by_alias = {(alias, hit.package): hit.id for hit in scan.hits for alias in hit.aliases}
    for hit in others:
        normal = purl.normal(hit.package)
        package = source.get(hit.package) or source.get(normal) or hit.package
        name = by_alias.get((hit.id, package), hit.id)
        known = found.get((name, package))
        if known is None:
            about = [each for each in listed if each.package == package]
            fresh = judged(replace(hit, package=package), about, statements, now)
            found[name, package] = fresh
        else:
            found[name, package] = _joined(known, hit)
    return replace(scan, hits=sorted_hits(found.values()))


def _joined(one: Hit, other: Hit) -> Hit:
    return replace(
        one,
        severity=cvss.worse(one.severity, other.severity),
        fixed=one.fixed or other.fixed,
        summary=one.summary or other.summary,
        parts=tuple(sorted({*one.parts, *other.parts})),
        sources=tuple(sorted({*one.sources, *other.sources})),
    )
