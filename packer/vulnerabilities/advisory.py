"""One known flaw, and which versions of what have it.

Owns the records that every source of data is read into. Refuses to compare versions: `matching.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from packer.vulnerabilities.cvss import Severity


@dataclass(frozen=True, slots=True)
class Span:
    """Versions from `introduced` on ("0": from the first) to before `fixed`, or to `last`.

    Neither: all later ones too, and there is no cure yet.
    """

    introduced: str = "0"
    fixed: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """`system` and `package` as `listed.Listed` has them; `versions` are hit one by one."""

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    summary: str
    system: str
    package: str
    spans: tuple[Span, ...]
    versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The CVE's where it has one: by that, sources speak of the same flaw."""
        if self.id.startswith("CVE-"):
            return self.id
        return next((each for each in self.aliases if each.startswith("CVE-")), self.id)


Wanted = frozenset[tuple[str, str]]
"""(system, package) of everything that is in the image."""


class Source(Protocol):
    """A file of advisories. `sha256` is the file's."""

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    def advisories(self, wanted: Wanted) -> Iterator[Advisory]:
        """Those about what is wanted. Raises MachineError `sbom-invalid`."""
