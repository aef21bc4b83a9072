"""Every file of a tree with its origin: the sum that explains it, or the reason it is named for.

Owns the order in which origins are asked. Refuses to explain a file of a package whose bytes are
not the package's by its name, unless it is one that the system itself rewrites.
"""

from __future__ import annotations

from functools import lru_cache

from packer.certify.origins import installed, named, packaged, releases, tool
from packer.certify.origins.origin import Origin
from packer.certify.tree import Entry, Tree


@lru_cache(maxsize=4)
def origins(tree: Tree) -> dict[str, Origin | None]:
    """By path, of files, links and special files; None: nobody explains it."""
    entries = {entry.path: entry for entry in tree.walk() if not entry.is_folder}
    _work_ahead(tree, entries)
    return {path: _origin(tree, entry, entries) for path, entry in entries.items()}


def unexplained(tree: Tree) -> list[Entry]:
    return [entry for path, found in origins(tree).items()
            if found is None and (entry := tree.entry(path)) is not None]  # fmt: skip


def _work_ahead(tree: Tree, entries: dict[str, Entry]) -> None:
    known = packaged.packages(tree)
    sums = [p for p, e in entries.items() if e.is_file and (p in known.sums or p in known.settings)]
    tree.digest_all(sums, "md5")
    record = installed.recorded(tree)
    tree.digest_all((p for p, e in entries.items() if e.is_file and p in record), "sha256")


def _origin(tree: Tree, entry: Entry, entries: dict[str, Entry]) -> Origin | None:
    for ask in (packaged.origin, installed.origin, releases.origin, tool.origin):
        if (found := ask(tree, entry)) is not None:
            return found
    source = entries.get(installed.source_of(entry.path))
    if source is not None and _origin(tree, source, entries) is not None:
        return installed.bytecode(tree, entry)
    return named.origin(tree, entry)
