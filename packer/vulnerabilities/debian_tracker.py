"""The Debian security tracker's data, as JSON: by source package, by CVE, by release.

Owns its meaning (security-tracker documentation, "data/json"). Refuses releases that it does not
know by number: the tracker speaks in code names, package URLs in numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from packer.vulnerabilities import cvss
from packer.vulnerabilities.advisory import Advisory, Span, Wanted

CODENAMES = {
    "debian-11": "bullseye",
    "debian-12": "bookworm",
    "debian-13": "trixie",
    "debian-14": "forky",
}


class Release(msgspec.Struct, frozen=True):
    """`fixed_version` "0": that release never had it."""

    status: str = ""
    fixed_version: str = ""
    urgency: str = ""


class Flaw(msgspec.Struct, frozen=True):
    """One CVE of one source package."""

    description: str = ""
    releases: dict[str, Release] = {}


Tracker = dict[str, dict[str, Flaw]]


def advisories(tracker: Tracker, wanted: Wanted) -> Iterator[Advisory]:
    """Sorted by package and CVE."""
    for system, package in sorted(wanted):
        codename = CODENAMES.get(system)
        for name, flaw in sorted(tracker.get(package, {}).items()) if codename else ():
            here = flaw.releases.get(codename or "")
            if here is None or (here.status == "resolved" and here.fixed_version in ("", "0")):
                continue
            fixed = here.fixed_version if here.status == "resolved" else ""
            yield Advisory(
                id=name,
                aliases=(),
                severity=cvss.word(here.urgency.rstrip("*")),
                summary=flaw.description.partition("\n")[0],
                system=system,
                package=package,
                spans=(Span(fixed=fixed),),
            )
