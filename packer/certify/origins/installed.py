"""What Python's installers know: RECORD beside each library names its files with their sums.

Owns that reading (PyPA, recording installed projects), and bytecode, which is made from a source
beside it. Refuses bytecode whose source is unknown or has another length than it was made from.
"""

from __future__ import annotations

import base64
import csv
import re
from functools import lru_cache
from posixpath import normpath

from packer.certify.origins.origin import Origin
from packer.certify.tree import Entry, Tree

_TOP = "/opt/caretaker"
_BYTECODE = re.compile(
    r"(?P<folder>.*)/__pycache__/(?P<name>[^/]+?)\.[a-z]+-\d+(?:\.opt-\d)?\.pyc$"
)
_CAP = 8 << 20


@lru_cache(maxsize=4)
def recorded(tree: Tree) -> dict[str, tuple[str, str]]:
    """(library, SHA-256 in hex or "") by path, of every environment below the tool's folder."""
    found: dict[str, tuple[str, str]] = {}
    for entry in tree.walk(_TOP):
        if not entry.path.endswith(".dist-info/RECORD") or not entry.is_file:
            continue
        folder = entry.path.rpartition("/")[0]
        library = folder.rpartition("/")[2].removesuffix(".dist-info")
        site = folder.rpartition("/")[0]
        found[entry.path] = (library, "")
        for row in csv.reader(tree.text(entry.path, limit=_CAP).splitlines()):
            if len(row) == 3:
                path = normpath(row[0] if row[0].startswith("/") else f"{site}/{row[0]}")
                found[path] = (library, _hex(row[1]))
    return found


def origin(tree: Tree, entry: Entry) -> Origin | None:
    known = recorded(tree).get(entry.path)
    if known is None or not entry.is_file:
        return None
    library, digest = known
    if digest:
        same = tree.digest(entry.path, "sha256") == digest
        return Origin("sum", f"as {library} brought it") if same else None
    if entry.path.endswith(".dist-info/RECORD"):
        return Origin("named", f"the list of {library}'s own files")
    return None


def is_as_brought(tree: Tree, entry: Entry) -> bool:
    """A library's file, byte for byte: public, as any package's."""
    found = origin(tree, entry)
    return found is not None and found.proof == "sum"


def source_of(path: str) -> str:
    """Of bytecode; empty for anything else."""
    found = _BYTECODE.match(path)
    return f"{found['folder']}/{found['name']}.py" if found else ""


def bytecode(tree: Tree, entry: Entry) -> Origin | None:
    """Made from a source (PEP 552). That the source has an origin is for the caller to see."""
    path = source_of(entry.path)
    source = tree.entry(path) if path else None
    head = tree.read(entry.path, limit=16) or b""
    if source is None or len(head) < 16:
        return None
    by_time = int.from_bytes(head[4:8], "little") & 1 == 0
    if by_time and int.from_bytes(head[12:16], "little") != source.size & 0xFFFFFFFF:
        return None
    return Origin("made", f"bytecode of {path}")


def _hex(said: str) -> str:
    kind, _, value = said.partition("=")
    if kind != "sha256":
        return ""
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
    except ValueError:
        return ""
