"""Python projects that pip put into environments of the image.

Owns finding environments below a few folders and reading their METADATA (core metadata 2.4) and
RECORD. Refuses to import anything, and to repeat what dpkg installed: that is a package already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from packer.certify.tree import Tree
from packer.sbom import makers, purl
from packer.sbom.licence_names import known_to_python
from packer.sbom.parts import NOBODY, UNKNOWN, Licence, Maker, Part

TOPS = ("/opt", "/usr/local", "/srv")
_DEEPEST = 9  # folders below a top; an environment in a release has six
_CAP = 256 << 10  # bytes of METADATA that are read: its head stands first
_ENDS = frozenset(("site-packages", "dist-packages"))
_INFO = ".dist-info"
_HEADER = re.compile(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", re.M)
_REQUIRES = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_SPDX = re.compile(r"[A-Za-z0-9.+() -]{1,200}")


@dataclass(slots=True)
class _Head:
    one: dict[str, str] = field(default_factory=dict)
    many: dict[str, list[str]] = field(default_factory=dict)


def projects(tree: Tree) -> Iterator[Part]:
    """One part for each project in each environment, in order of place and name."""
    for folder in sorted(_environments(tree)):
        here: dict[str, Part] = {}
        wanted: dict[str, list[str]] = {}
        for name in tree.names(folder):
            if name.endswith(_INFO):
                part, requires = _project(tree, f"{folder}/{name}")
                if part is not None:
                    here[purl.normal(part.name)] = part
                    wanted[purl.normal(part.name)] = requires
        for name, part in here.items():
            needs = sorted({here[each].ref for each in wanted[name] if each in here})
            yield replace(part, needs=tuple(each for each in needs if each != part.ref))


def _environments(tree: Tree) -> Iterator[str]:
    pending = [(top, 0) for top in TOPS if tree.names(top)]
    while pending:
        folder, depth = pending.pop()
        for name in tree.names(folder):
            path = f"{folder}/{name}"
            entry = tree.entry(path)
            if entry is None or not entry.is_folder:
                continue  # a link (lib64) shows what is found by its own name
            if name in _ENDS:
                yield path
            elif depth < _DEEPEST and name != "node_modules":
                pending.append((path, depth + 1))


def _project(tree: Tree, place: str) -> tuple[Part | None, list[str]]:
    head = _head(tree.text(f"{place}/METADATA", limit=_CAP))
    name, version = head.one.get("name", ""), head.one.get("version", "")
    if not name or not version:
        return None, []
    record = f"{place}/RECORD"
    listed = tree.entry(record) is not None
    named = purl.pypi(name, version)
    part = Part(
        kind="python",
        ref=f"{named}#{place.strip('/')}",
        name=name,
        version=version,
        purl=named,
        maker=_maker(head),
        licence=_licence(head),
        summary=head.one.get("summary", ""),
        homepage=_homepage(head),
        sums=tree.digest(record, "sha256") if listed else "",
        list=record if listed else "",
        place=place.rpartition("/")[0],
    )
    requires = [
        purl.normal(match[1])
        for each in head.many.get("requires-dist", ())
        if (match := _REQUIRES.match(each)) and "extra ==" not in each
    ]
    return part, requires


def _head(text: str) -> _Head:
    head = _Head()
    for name, value in _HEADER.findall(text.partition("\n\n")[0]):
        key, value = name.lower(), value.strip()
        head.one.setdefault(key, value)
        head.many.setdefault(key, []).append(value)
    return head


def _maker(head: _Head) -> Maker:
    for key in ("maintainer", "author"):
        name, address = head.one.get(key, ""), head.one.get(f"{key}-email", "")
        found = makers.read(address) if address else makers.read(name)
        if found == NOBODY:
            continue
        if name and found.name == found.email:
            return makers.read(f"{name} <{found.email}>")
        return found
    return NOBODY


def _licence(head: _Head) -> Licence:
    expression = head.one.get("license-expression", "")  # SPDX by definition (PEP 639)
    if expression and _SPDX.fullmatch(expression):
        return Licence(expression)
    sure = known_to_python(head.one.get("license", ""))
    if sure:
        return Licence(sure)
    told = [
        each.removeprefix("License :: ")
        for each in head.many.get("classifier", ())
        if each.startswith("License :: ")
    ]
    found = sorted({known_to_python(each) for each in told})
    # Several classifiers: nobody says whether one may choose.
    return Licence(found[0]) if len(found) == 1 and found[0] else UNKNOWN


def _homepage(head: _Head) -> str:
    named = dict(each.partition(",")[::2] for each in reversed(head.many.get("project-url", [])))
    lower = {key.strip().lower(): value.strip() for key, value in named.items()}
    for key in ("homepage", "home", "source", "source code", "repository"):
        if key in lower:
            return lower[key]
    return head.one.get("home-page", "")
