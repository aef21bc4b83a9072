"""What the vendor's release brought: a folder named by the digest of all that is in it.

Owns working that digest out anew, as agent/host/trees.py does when a release is staged. Refuses to
vouch for a single file of a folder whose digest is another.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from packer.certify.origins.origin import Origin
from packer.certify.tree import Entry, Tree

_RELEASE = re.compile(r"(?P<top>/opt/[^/]+/releases/(?P<version>[^/]+)-(?P<digest>[0-9a-f]{12}))/")


def origin(tree: Tree, entry: Entry) -> Origin | None:
    found = _RELEASE.match(entry.path)
    if found is None or not _is_whole(tree, found["top"], found["digest"]):
        return None
    return Origin("sum", f"part of the release {found['version']} ({found['digest']})")


@lru_cache(maxsize=64)
def _is_whole(tree: Tree, top: str, digest: str) -> bool:
    """By paths, execute bits, links and contents: the order is that of the walk that staged it."""
    total = hashlib.sha256()
    pending = [""]
    while pending:
        folder = pending.pop()
        below = [
            (f"{folder}/{name}".lstrip("/"), tree.entry(f"{top}/{folder}/{name}"))
            for name in tree.names(f"{top}/{folder}")
        ]
        for relative, entry in below:
            if entry is None:
                return False
            total.update(_line(relative, entry))
            if entry.is_link:
                total.update(entry.target.encode("utf-8", "surrogateescape"))
            elif entry.is_file:
                total.update(bytes.fromhex(tree.digest(entry.path, "sha256")))
        pending += [name for name, entry in reversed(below) if entry and entry.is_folder]
    return total.hexdigest().startswith(digest)


def _line(relative: str, entry: Entry) -> bytes:
    kind = "folder" if entry.is_folder else "link" if entry.is_link else "file"
    executable = entry.is_file and bool(entry.mode & 0o111)
    return f"{relative}\0{kind}\0{executable}\0".encode("utf-8", "surrogateescape")
