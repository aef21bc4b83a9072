"""The files that no package vouches for: whose content neither dpkg's sums nor the lists of our
environment's libraries confirm.

Owns the comparison. What a package delivered unchanged is public and holds nobody's secret: leaving
it out makes a search for secrets fast and quiet. Refuses to explain the rest.
"""

from __future__ import annotations

import _imp
from functools import lru_cache

from packer.certify.facts.own_tool import is_own
from packer.certify.origins import installed, packaged, tool
from packer.certify.tree import Entry, Tree

_LONGEST = 16 << 20
# dpkg's own lists of names and sums: no place for text of any other kind.
_LISTS = (".list", ".md5sums", ".shlibs", ".triggers", ".symbols")


@lru_cache(maxsize=4)
def unverified(tree: Tree) -> tuple[Entry, ...]:
    """Regular files, in the order of the walk, without dpkg's own lists."""
    known = packaged.packages(tree)
    files = [entry for entry in tree.walk() if entry.is_file]
    summed = known.sums.keys() | known.settings.keys()
    tree.digest_all((entry.path for entry in files if entry.path in summed), "md5")
    record = installed.recorded(tree)
    tree.digest_all((entry.path for entry in files if entry.path in record), "sha256")
    return tuple(
        entry
        for entry in files
        if not (entry.path.startswith(packaged.INFO) and entry.path.endswith(_LISTS))
        and not packaged.is_as_brought(tree, entry)
        and not installed.is_as_brought(tree, entry)
        and tool.origin(tree, entry) is None
        and not _is_compiled(tree, entry)
        and not is_own(tree, entry)
    )


def _is_compiled(tree: Tree, entry: Entry) -> bool:
    """Python's own translation of a source that stands beside it, of that source's size (PEP 552).

    What is in it is in the source, which is searched itself where no package vouches for it.
    """
    above, slash, name = entry.path.partition("/__pycache__/")
    if not slash or not name.endswith(".pyc"):
        return False
    source = tree.entry(f"{above}/{name.partition('.')[0]}.py", follow=True)
    head = tree.read(entry.path, limit=16) if source is not None else None
    if source is None or head is None or len(head) < 16:
        return False
    if head[4:8] == b"\0\0\0\0":
        return int.from_bytes(head[12:16], "little") == source.size & 0xFFFFFFFF
    # A reproducible build writes a hash instead, keyed by the number of that Python's byte code.
    text = tree.read(source.path, limit=_LONGEST) or b""
    return head[8:16] == _imp.source_hash(int.from_bytes(head[:4], "little"), text)
