"""What an image has that its base had not, path by path, each with its reason.

Owns the comparison of two trees and the reasons: an origin (packer/certify/origins), a folder that
is only the way to something, a trace that sealing takes away. Refuses to leave a path without a
word: what has no reason is told as such.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from packer.certify.origins import packaged
from packer.certify.origins.tracing import origins
from packer.certify.tree import Entry, Tree
from packer.golden.inside.traces import TRACES

What = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """`how` says what differs of a path that is in both. `reason` is empty where nobody has one."""

    path: str
    what: What
    how: str
    reason: str


def differences(base: Tree, golden: Tree) -> list[Difference]:
    """Sorted by path. Times do not count. Raises CaretakerError `image-invalid`."""
    before = {entry.path: entry for entry in base.walk()}
    after = {entry.path: entry for entry in golden.walk()}
    found = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None and new is not None:
            found.append(Difference(path, "added", "", _why_there(golden, new)))
        elif new is None and old is not None:
            found.append(Difference(path, "removed", "", _why_gone(golden, old)))
        elif old is not None and new is not None and (how := _how(base, golden, old, new)):
            found.append(Difference(path, "changed", how, _why_there(golden, new)))
    return found


def _how(base: Tree, golden: Tree, old: Entry, new: Entry) -> str:
    said = []
    if stat.S_IFMT(old.mode) != stat.S_IFMT(new.mode):
        return "another kind of file"
    if old.mode != new.mode:
        said.append(f"mode {old.mode & 0o7777:04o} → {new.mode & 0o7777:04o}")
    if (old.uid, old.gid) != (new.uid, new.gid):
        said.append(f"owner {old.uid}:{old.gid} → {new.uid}:{new.gid}")
    if old.target != new.target:
        said.append(f"target {old.target} → {new.target}")
    if new.is_file and (old.size != new.size or not _same(base, golden, new.path)):
        said.append("content")
    return ", ".join(said)


def _same(base: Tree, golden: Tree, path: str) -> bool:
    """MD5 is enough: nobody who could forge it wrote both images; and it is there already."""
    return base.digest(path, "md5") == golden.digest(path, "md5")


def _why_there(golden: Tree, entry: Entry) -> str:
    if not entry.is_folder:
        found = origins(golden).get(entry.path)
        return found.words if found is not None else ""
    package = packaged.packages(golden).listed.get(entry.path)
    if package:
        return f"a folder of the package {package}"
    below = next(_explained_below(golden, entry), "")
    return f"a folder on the way to {below}" if below else _named_folder(golden, entry)


def _explained_below(golden: Tree, entry: Entry) -> Iterator[str]:
    known = origins(golden)
    for each in golden.walk(entry.path):
        if known.get(each.path) is not None:
            yield each.path


def _named_folder(golden: Tree, entry: Entry) -> str:
    holds = any(not each.is_folder for each in golden.walk(entry.path))
    return "" if holds else "a folder without files"


def _why_gone(golden: Tree, entry: Entry) -> str:
    relative = entry.path.lstrip("/")
    for trace in TRACES:
        if fnmatchcase(relative, trace.pattern) or fnmatchcase(relative, f"{trace.pattern}/*"):
            return f"taken away by sealing: {trace.why}"
    if entry.path.startswith("/var/lib/dpkg/info/"):
        return "of a package that is gone or was upgraded"
    return _with_package(golden, entry)


def _with_package(golden: Tree, entry: Entry) -> str:
    """Purged by hardening: then dpkg knows the name no more."""
    known = packaged.packages(golden)
    if known.versions and entry.path not in known.listed and not entry.path.startswith("/etc/"):
        return "no package of the image has it any more"
    return ""
