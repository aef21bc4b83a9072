"""The tool itself in an image: a folder named by the digest of all that it was installed from.

Owns working that digest out anew, as setup/environment/tool.py does when it installs. It proves
that nothing was changed since, which is all that a name can prove; who made the image chose it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache

from packer.certify.origins.origin import Origin
from packer.certify.tree import Entry, Tree

_TOOL = re.compile(r"(?P<top>/opt/caretaker/tools/(?P<digest>[0-9a-f]{12}))/(?P<below>.+)$")
PARTS = ("agent", "packer", "setup", "support", "systemd", "requirements")  # setup's own list
_PROJECT = "pyproject.toml"
_LEFT_OUT = re.compile(r"__pycache__|(?:\.part|\.pyc|~|\.swp)$")


def origin(tree: Tree, entry: Entry) -> Origin | None:
    found = _TOOL.match(entry.path)
    if found is None or found["below"] not in _whole(tree, found["top"], found["digest"]):
        return None
    return Origin("sum", f"part of the tool {found['digest']}")


@lru_cache(maxsize=8)
def _whole(tree: Tree, top: str, digest: str) -> frozenset[str]:
    """The names that the digest is over; none where it is another."""
    names = [name for part in PARTS for name in _files(tree, top, part)]
    names.append(_PROJECT)
    if tree.entry(f"{top}/{_PROJECT}") is None:
        return frozenset()
    tree.digest_all((f"{top}/{name}" for name in names), "sha256")
    total = hashlib.sha256()
    for name in names:
        line = f"{name}\0{tree.digest(f'{top}/{name}', 'sha256')}\n"
        total.update(line.encode("utf-8", "surrogateescape"))
    return frozenset(names) if total.hexdigest().startswith(digest) else frozenset()


def _files(tree: Tree, top: str, part: str) -> Iterator[str]:
    """In the order of agent/host/trees.py: a folder's names, then what is in its folders."""
    pending = [part]
    while pending:
        folder = pending.pop()
        below = [tree.entry(f"{top}/{folder}/{name}") for name in tree.names(f"{top}/{folder}")]
        for entry in below:
            if entry is not None and entry.is_file:
                name = entry.path.removeprefix(f"{top}/")
                if not _LEFT_OUT.search(name):
                    yield name
        pending += [each.path.removeprefix(f"{top}/") for each in reversed(below)
                    if each is not None and each.is_folder]  # fmt: skip
