"""The vendor's application in the image: its release, and each program and library in it.

Owns finding staged releases (DESIGN section 9) and what in them is a binary. Refuses to believe a
digest that is written beside a file: each is worked out from the image's own bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent.manifest.model import Manifest
from agent.release.record import FOLDER, RECORD, ReleaseRecord
from packer.certify.tree import Entry, Tree
from packer.sbom import makers, purl
from packer.sbom.parts import NOBODY, Part

_OURS = "caretaker"
_ELF = b"\x7fELF"
_SUFFIXES = (".so", ".a", ".jar", ".war", ".wasm", ".node", ".whl", ".exe", ".dll")
_RECORD_CAP = 64 << 20


def releases(tree: Tree, manifest: Manifest | None) -> Iterator[Part]:
    """Applications, each followed by its files."""
    for app in tree.names("/opt"):
        folder = f"/opt/{app}/releases"
        if app == _OURS:
            continue
        for name in tree.names(folder):
            entry = tree.entry(f"{folder}/{name}")
            if entry is not None and entry.is_folder:
                yield from _release(tree, app, entry.path, manifest)


def _release(tree: Tree, app: str, place: str, manifest: Manifest | None) -> Iterator[Part]:
    record = _record(tree, place)
    version = record.version if record else place.rpartition("/")[2].rpartition("-")[0]
    named = purl.generic(app, version)
    ref = f"{named}#{place.strip('/')}"
    found = [_file(tree, app, version, place, each) for each in _binaries(tree, place)]
    vendor = manifest.appliance.vendor if manifest and manifest.appliance.name == app else ""
    written = f"{place}/{FOLDER}/{RECORD}"
    yield Part(
        kind="application",
        ref=ref,
        name=app,
        version=version,
        purl=named,
        maker=makers.read(vendor) if vendor else NOBODY,
        sums=tree.digest(written, "sha256") if record else "",
        list=written if record else "",
        place=place,
        needs=tuple(each.ref for each in found),
    )
    yield from found


def _record(tree: Tree, place: str) -> ReleaseRecord | None:
    content = tree.read(f"{place}/{FOLDER}/{RECORD}", limit=_RECORD_CAP)
    try:
        return msgspec.json.decode(content, type=ReleaseRecord) if content else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None  # certify says so; the folder's name tells the version as well


def _binaries(tree: Tree, place: str) -> Iterator[Entry]:
    for entry in _files(tree, place):
        named = entry.path.endswith(_SUFFIXES) or ".so." in entry.path
        if entry.mode & 0o111 or named or tree.read(entry.path, limit=len(_ELF)) == _ELF:
            yield entry


def _files(tree: Tree, top: str) -> Iterator[Entry]:
    """By name; not by a walk, which would go through the whole image first."""
    pending = [top]
    while pending:
        folder = pending.pop()
        for name in sorted(tree.names(folder), reverse=True):
            entry = tree.entry(f"{folder}/{name}")
            if entry is not None and entry.is_folder:
                if name not in (FOLDER, "site-packages", "dist-packages"):
                    pending.append(entry.path)
            elif entry is not None and entry.is_file:
                yield entry


def _file(tree: Tree, app: str, version: str, place: str, entry: Entry) -> Part:
    inside = entry.path.removeprefix(f"{place}/")
    return Part(
        kind="file",
        ref=f"{purl.generic(app, version)}#{entry.path.strip('/')}",
        name=inside,
        version=version,
        sha256=tree.digest(entry.path, "sha256"),
        place=entry.path,
    )
