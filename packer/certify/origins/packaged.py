"""What dpkg knows: the files of its packages, by their sums, and its settings' first content.

Owns the reading of its info folder, of conffiles in its status and of diversions. Refuses to take a
file for a package's because of its name alone, where there is a sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from packer.certify.origins.origin import Origin
from packer.certify.tree import Entry, Tree

INFO, STATUS = "/var/lib/dpkg/info", "/var/lib/dpkg/status"
_DIVERSIONS = "/var/lib/dpkg/diversions"
_OWN = re.compile(r"/var/lib/dpkg/info/(?P<package>[^/:]+)(?::[a-z0-9-]+)?\.[a-z0-9]+$")
_CAP = 64 << 20


@dataclass(frozen=True, slots=True)
class Packages:
    """`versions` by name; the rest by path: (package, MD5), settings' MD5, packages of names."""

    versions: dict[str, str] = field(default_factory=dict)
    sums: dict[str, tuple[str, str]] = field(default_factory=dict)
    settings: dict[str, tuple[str, str]] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4)
def packages(tree: Tree) -> Packages:
    """Of a system without dpkg: empty."""
    merged = _merged(tree)
    found = Packages()
    _read_status(tree, merged, found)
    diverted = _diversions(tree)
    for name in tree.names(INFO):
        stem, _, kind = name.rpartition(".")
        if kind not in ("md5sums", "list"):
            continue
        package = stem.partition(":")[0]
        lines = tree.text(f"{INFO}/{name}", limit=_CAP).splitlines()
        for line in lines:
            digest, path = line.split("  ", 1) if kind == "md5sums" and "  " in line else ("", line)
            path = "/" + path.lstrip("/")
            to, by = diverted.get(path, ("", ""))
            path = _placed(to if to and by != package else path, merged)
            if digest:
                found.sums[path] = (package, digest)
            else:
                found.listed.setdefault(path, package)
    return found


def origin(tree: Tree, entry: Entry) -> Origin | None:
    """None where no package vouches for it."""
    known = packages(tree)
    if entry.path in known.sums:
        package, digest = known.sums[entry.path]
        if entry.is_file and tree.digest(entry.path, "md5") == digest:
            return Origin("sum", f"as the package {package} brought it")
        return None
    if entry.path in known.settings:
        package, digest = known.settings[entry.path]
        if entry.is_file and tree.digest(entry.path, "md5") == digest:
            return Origin("sum", f"settings of the package {package}, as it brought them")
        return None
    if entry.path in known.listed:
        # Links have no sum; a few packages have none for files (made when they are installed).
        return Origin("made", f"in the list of the package {known.listed[entry.path]}")
    own = _OWN.match(entry.path)
    if own and own["package"] in known.versions:
        return Origin("named", f"what dpkg keeps of the package {own['package']}")
    return None


def is_as_brought(tree: Tree, entry: Entry) -> bool:
    """A package's file, byte for byte: public."""
    found = origin(tree, entry)
    return found is not None and found.proof == "sum"


def changed(tree: Tree) -> list[tuple[str, str]]:
    """(path, package) of files that are there and no longer what their package brought."""
    return [
        (path, package)
        for path, (package, digest) in sorted(packages(tree).sums.items())
        if (entry := tree.entry(path)) is not None
        and not (entry.is_file and tree.digest(path, "md5") == digest)
    ]


def missing(tree: Tree) -> list[tuple[str, str]]:
    """(path, package) of files that a package brought and that are gone."""
    sums = packages(tree).sums.items()
    return [(path, package) for path, (package, _) in sorted(sums) if tree.entry(path) is None]


def _read_status(tree: Tree, merged: dict[str, str], found: Packages) -> None:
    name, installed, settings = "", False, False
    for line in tree.text(STATUS, limit=_CAP).splitlines():
        if not line:
            name, installed, settings = "", False, False
        elif settings and line.startswith(" "):
            path, _, rest = line.strip().rpartition(" ")
            if rest == "obsolete":  # `path md5 obsolete`
                path, _, rest = path.rpartition(" ")
            found.settings[_placed(path, merged)] = (name, rest)
        else:
            key, _, value = line.partition(": ")
            settings = key.rstrip(":") == "Conffiles"
            if key == "Package":
                name = value
            elif key == "Status":
                installed = value.endswith(" installed")
            elif key == "Version" and installed:
                found.versions[name] = value


def _diversions(tree: Tree) -> dict[str, tuple[str, str]]:
    """Where a package's file went instead, and whose own may stand there (dpkg-divert(1))."""
    lines = tree.text(_DIVERSIONS).splitlines()
    return {
        was: (now, by) for was, now, by in zip(lines[::3], lines[1::3], lines[2::3], strict=False)
    }


def _merged(tree: Tree) -> dict[str, str]:
    """Top folders that are links into /usr, where packages still say /bin."""
    names = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
    entries = {name: tree.entry(f"/{name}") for name in names}
    return {name: entry.target.strip("/") for name, entry in entries.items()
            if entry is not None and entry.is_link}  # fmt: skip


def _placed(path: str, merged: dict[str, str]) -> str:
    top, slash, rest = path.lstrip("/").partition("/")
    return f"/{merged.get(top, top)}{slash}{rest}"
