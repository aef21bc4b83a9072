"""Files that differ because their package does: told in one line, once that is proved.

Owns the proof: the file's MD5 is the one that the package installed now says of it (dpkg keeps
them in its info folder). A file of an upgraded package with another content is no expected change.
Refuses MD5 for anything else; it proves a package's own words, not that nobody meant ill: who may
write both has the machine.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.drift.compare import Change
from agent.host import census, files
from agent.host.census import Citizen
from agent.host.failures import FileFailure

_CAP = 64 << 20  # bytes


def explain(changes: list[Change], root: Path) -> list[Change]:
    """The same changes; those that a package brought say which."""
    packages = {c.name for c in changes if c.part == "packages"}
    wanted = {c.name for c in changes if c.part == "files" and not c.expected}
    if not packages or not wanted:
        return changes
    brought: dict[str, str] = {}
    for package in sorted(packages):
        brought.update(_brought(package, wanted, root))
    return [
        msgspec.structs.replace(change, expected=f"with the package {brought[change.name]}")
        if change.part == "files" and change.name in brought
        else change
        for change in changes
    ]


def _brought(package: str, wanted: set[str], root: Path) -> dict[str, str]:
    name, _, architecture = package.partition(":")
    info = root / "var/lib/dpkg/info"
    for stem in (name, f"{name}:{architecture}"):
        listed = _lines(info / f"{stem}.list")
        if listed:
            break
    else:
        # Gone: what is missing now went with it; whose it was can't be proved any more.
        return {}
    mine = {_merged(line) for line in listed} & wanted | set(listed) & wanted
    if not mine:
        return {}
    sums = {}
    for line in _lines(info / f"{stem}.md5sums"):
        digest, _, path = line.partition("  ")
        sums["/" + path] = sums[_merged("/" + path)] = digest
    return {path: name for path in mine if _as_packaged(root, path, sums)}


def _as_packaged(root: Path, path: str, sums: dict[str, str]) -> bool:
    here = f"{str(root).rstrip('/')}{path}"
    try:
        facts = Path(here).lstat()
    except OSError:
        return False
    if path not in sums:
        # Folders and links have no sum; a link or folder of a package's list is what it brings.
        return not Path(here).is_file() or Path(here).is_symlink()
    return census.digests([Citizen(here, facts)], "md5").get(here) == sums[path]


def _merged(path: str) -> str:
    """Where a file is on a /usr-merged system, whose packages still say /bin and /lib."""
    top = path.split("/", 2)[1:2]
    return f"/usr{path}" if top and top[0] in ("bin", "sbin", "lib", "lib32", "lib64") else path


def _lines(path: Path) -> list[str]:
    try:
        return files.read_bytes(path, cap=_CAP).decode(errors="replace").splitlines()
    except (FileNotFoundError, FileFailure):
        return []
