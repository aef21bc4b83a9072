"""A folder tree as a value: read, written back, compared.

Owns the state in which a disk is handed to a scenario. Refuses devices and sockets.
"""

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One file, folder or link: `content` is a link's target, or empty for a folder."""

    kind: str
    content: bytes
    mode: int
    owner: tuple[int, int]
    time: int = 0

    @property
    def timeless(self) -> "Entry":
        return Entry(self.kind, self.content, self.mode, self.owner)


Tree = dict[str, Entry]  # by path below the root


def read(root: Path) -> Tree:
    tree: Tree = {}
    pending = [""]
    while pending:
        folder = pending.pop()
        with os.scandir(root / folder) as found:
            for each in found:
                path = os.path.join(folder, each.name)
                tree[path] = _entry(each.path)
                if each.is_dir(follow_symlinks=False):
                    pending.append(path)
    return tree


def _entry(path: str) -> Entry:
    facts = os.lstat(path)
    owner, mode = (facts.st_uid, facts.st_gid), stat.S_IMODE(facts.st_mode)
    if stat.S_ISLNK(facts.st_mode):
        return Entry("link", os.readlink(path).encode(), 0o777, owner)
    if stat.S_ISDIR(facts.st_mode):
        return Entry("folder", b"", mode, owner)
    content = Path(path).read_bytes() if stat.S_ISREG(facts.st_mode) else b""
    return Entry("file", content, mode, owner, facts.st_mtime_ns)


def write(tree: Tree, root: Path) -> None:
    """Make `root` hold just this tree."""
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    own = (os.geteuid(), os.getegid())
    for path in sorted(tree):
        entry, target = tree[path], os.path.join(root, path)
        if entry.kind == "folder":
            os.mkdir(target)
        elif entry.kind == "link":
            os.symlink(entry.content, target)
        else:
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            if entry.content:
                os.write(fd, entry.content)
            os.fchmod(fd, entry.mode)
            if entry.owner != own:
                os.fchown(fd, *entry.owner)
            os.close(fd)
            if entry.time:
                os.utime(target, ns=(entry.time, entry.time))
    for path, entry in tree.items():
        if entry.kind == "link" and entry.owner != own:
            os.lchown(os.path.join(root, path), *entry.owner)
        elif entry.kind == "folder":
            target = os.path.join(root, path)
            os.chmod(target, entry.mode)
            if entry.owner != own:
                os.chown(target, *entry.owner)


def key(tree: Tree) -> int:
    """Equal for equal trees; times do not count."""
    return hash(frozenset((path, entry.timeless) for path, entry in tree.items()))


def without(tree: Tree, prefixes: Iterable[str]) -> Tree:
    """The tree less what lies at or below these paths."""
    cut = tuple(prefixes)
    return {
        path: entry
        for path, entry in tree.items()
        if not any(path == each or path.startswith(f"{each}/") for each in cut)
    }


def differences(before: Tree, after: Tree) -> list[str]:
    """What came, went or changed; times do not count."""
    told = []
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        if one is None:
            told.append(f"{path} came")
        elif other is None:
            told.append(f"{path} went")
        elif one.timeless != other.timeless:
            told.append(f"{path} changed")
    return told
