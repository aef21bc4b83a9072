"""A scan: which known flaws an image has, as a value.

Owns the record and the gate. Refuses to look anything up, or to print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import msgspec

from agent.errors import RefusedError
from packer.vulnerabilities.cvss import ORDER, Severity

Gate = Literal["critical", "high", "medium", "low", "none"]
State = Literal["open", "ignored", "expired"]


class Hit(msgspec.Struct, frozen=True):
    """One flaw in one package. `id` is the CVE's where it has one; `fixed` "" where there is no
    cure; `why` and `until` are of the statement that ignores it, or did until it ended."""

    id: str
    package: str
    version: str
    severity: Severity
    fixed: str = ""
    summary: str = ""
    parts: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    state: State = "open"
    why: str = ""
    until: str = ""

    @property
    def counts(self) -> bool:
        return self.state != "ignored"


class Pinned(msgspec.Struct, frozen=True):
    """A file that was read, for the record of the build."""

    name: str
    sha256: str


class Scan(msgspec.Struct, frozen=True):
    """`looked` is how many parts could have had a flaw by the data's own words."""

    hits: tuple[Hit, ...]
    looked: int
    inputs: tuple[Pinned, ...] = ()
    unread: tuple[str, ...] = ()
    """Parts whose versions could not be compared: nothing is taken for harmless."""
    unheard: tuple[str, ...] = ()
    """Systems of parts (`debian-12`, `PyPI`) of which the data tells nothing at all."""

    def counts(self) -> dict[str, int]:
        """How many there are of each severity, worst first; what is ignored is left out."""
        found = Counter(hit.severity for hit in self.hits if hit.counts)
        return {word: found[word] for word in ORDER if found[word]}


def failing(scan: Scan, gate: Gate) -> tuple[Hit, ...]:
    """What keeps the image from going out: at least so bad, and there is a cure.

    What nobody rated counts as high: a cure that is out and not in is reason enough to look.
    """
    if gate == "none":
        return ()
    worst = ORDER.index(gate)
    return tuple(
        hit for hit in scan.hits if hit.counts and hit.fixed and _rank(hit.severity) <= worst
    )


def refuse(scan: Scan, gate: Gate) -> None:
    """Raises RefusedError `image-refused` where something keeps the image from going out."""
    hits = failing(scan, gate)
    if hits:
        worst = ", ".join(f"{hit.id} in {hit.package}" for hit in hits[:5])
        more = f" and {len(hits) - 5} more" if len(hits) > 5 else ""
        number = "1 flaw" if len(hits) == 1 else f"{len(hits)} flaws"
        message = f"{number} at or above {gate} can be mended: {worst}{more}"
        hint = "build anew with the packages of today, or state why it does not matter: --vex"
        raise RefusedError("image-refused", message, hint=hint)


def told(scan: Scan) -> dict[str, object]:
    """The scan for programs, and for the record of a build."""
    return {"inputs": scan.inputs, "looked": scan.looked, "counts": scan.counts(),
            "unread": scan.unread, "unheard": scan.unheard, "hits": scan.hits}  # fmt: skip


def sorted_hits(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Worst first, then by package and id."""
    return tuple(sorted(hits, key=lambda hit: (_rank(hit.severity), hit.package, hit.id)))


def _rank(severity: Severity) -> int:
    return ORDER.index("high" if severity == "unknown" else severity)
