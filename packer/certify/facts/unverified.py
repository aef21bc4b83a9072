"""The files that no package vouches for: whose content dpkg's sums do not confirm.

Owns the comparison. What a package delivered unchanged is public and holds nobody's secret: leaving
it out makes a search for secrets fast and quiet. Refuses to explain the rest.
"""

from __future__ import annotations

from functools import lru_cache

from packer.certify.tree import Entry, Tree

INFO = "/var/lib/dpkg/info"
# dpkg's own lists of names and sums: no place for text of any other kind.
_LISTS = (".list", ".md5sums", ".shlibs", ".triggers", ".symbols")


@lru_cache(maxsize=4)
def unverified(tree: Tree) -> tuple[Entry, ...]:
    """Regular files, in the order of the walk, without dpkg's own lists."""
    sums = package_sums(tree)
    return tuple(
        entry
        for entry in tree.walk()
        if entry.is_file
        and not (entry.path.startswith(INFO) and entry.path.endswith(_LISTS))
        and not _confirmed(tree, entry, sums)
    )


@lru_cache(maxsize=4)
def package_sums(tree: Tree) -> dict[str, str]:
    """MD5 by path, as dpkg installed it; links of a merged /usr are followed."""
    merged = {
        name: entry.target.lstrip("/")
        for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
        if (entry := tree.entry(f"/{name}")) is not None and entry.is_link
    }
    found: dict[str, str] = {}
    for name in tree.names(INFO):
        if name.endswith(".md5sums"):
            for line in tree.text(f"{INFO}/{name}", limit=8 << 20).splitlines():
                digest, _, path = line.partition("  ")
                top, slash, rest = path.partition("/")
                found[f"/{merged.get(top, top)}{slash}{rest}"] = digest
    for line in tree.text("/var/lib/dpkg/status", limit=32 << 20).splitlines():
        # A line of the field Conffiles: what a package puts into /etc has its sum here alone.
        parts = line.split()
        if line.startswith(" /etc/") and len(parts) >= 2 and len(parts[1]) == 32:
            found[parts[0]] = parts[1]
    return found


def _confirmed(tree: Tree, entry: Entry, sums: dict[str, str]) -> bool:
    wanted = sums.get(entry.path)
    return wanted is not None and tree.digest(entry.path, "md5") == wanted
