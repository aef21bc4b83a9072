"""dpkg's own record of what is installed, read out of any tree.

Owns the reading of var/lib/dpkg/status (deb-control(5), dpkg(1) on states) and of who needs whom.
Refuses to run dpkg, and to call a package absent whose state is odd: what is unpacked is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packer.certify.origins.packaged import STATUS
from packer.certify.tree import Tree

_CAP = 64 << 20  # bytes; ten thousand packages have a quarter of it
_GONE = frozenset(("not-installed", "config-files"))
_FIELD = re.compile(r"^([A-Za-z0-9-]+):[ \t]*(.*)$", re.M)
_WANTED = frozenset(
    (
        *("package", "status", "maintainer", "architecture", "multi-arch", "source", "version"),
        *("depends", "pre-depends", "provides", "description", "homepage"),
    )
)
_SOURCE = re.compile(r"(\S+)(?: \((\S+)\))?")
_NAME = re.compile(r"\s*([a-z0-9][a-z0-9+.-]*)")


@dataclass(frozen=True, slots=True)
class Package:
    """One stanza. `source_version` only where it is not the package's own."""

    name: str
    version: str
    architecture: str
    maintainer: str
    summary: str
    homepage: str
    source: str
    source_version: str
    needs: tuple[tuple[str, ...], ...]
    """Alternatives of each dependency, by name."""
    provides: tuple[str, ...]
    many: bool
    """May be installed for several architectures; its files in info/ are called `name:arch`."""


def packages(tree: Tree) -> tuple[Package, ...]:
    """Sorted by name and architecture; none where there is no dpkg."""
    text = tree.text(STATUS, limit=_CAP)
    found = (_package(stanza) for stanza in text.split("\n\n"))
    return tuple(sorted(filter(None, found), key=lambda each: (each.name, each.architecture)))


def needed(installed: tuple[Package, ...]) -> Mapping[Package, tuple[Package, ...]]:
    """Whom each needs among those that are there, sorted; of alternatives all that are there."""
    by_name: dict[str, list[Package]] = {}
    for each in installed:
        for name in (each.name, *each.provides):
            by_name.setdefault(name, []).append(each)
    order = {each: at for at, each in enumerate(installed)}
    told = {}
    for each in installed:
        whom = {
            other
            for way in each.needs
            for name in way
            for other in by_name.get(name, ())
            if other is not each
        }
        told[each] = tuple(sorted(whom, key=order.__getitem__))
    return told


def list_name(package: Package) -> str:
    """How its files in info/ begin."""
    return f"{package.name}:{package.architecture}" if package.many else package.name


def _package(stanza: str) -> Package | None:
    fields = {
        name.lower(): value for name, value in _FIELD.findall(stanza) if name.lower() in _WANTED
    }
    state = fields.get("status", "").rpartition(" ")[2]
    if "package" not in fields or not state or state in _GONE:
        return None
    name, version = fields["package"], fields.get("version", "")
    source = _SOURCE.match(fields.get("source", ""))
    return Package(
        name=name,
        version=version,
        architecture=fields.get("architecture", ""),
        maintainer=fields.get("maintainer", ""),
        summary=fields.get("description", ""),
        homepage=fields.get("homepage", ""),
        source=source[1] if source else name,
        source_version=(source[2] or "") if source else "",
        needs=tuple(_ways(f"{fields.get('pre-depends', '')},{fields.get('depends', '')}")),
        provides=tuple(name for way in _ways(fields.get("provides", "")) for name in way),
        many=fields.get("multi-arch") == "same",
    )


def _ways(text: str) -> Iterator[tuple[str, ...]]:
    for group in text.split(","):
        names = [match[1] for each in group.split("|") if (match := _NAME.match(each))]
        if names:
            yield tuple(names)
