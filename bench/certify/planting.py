"""A fault as data, and the tree that has it: a layer of changes over a clean tree.

Owns the layer. Nothing is copied or written: what a fault changes lies in memory, all else is read
through, and the digests of the clean tree are taken once.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from packer.certify.tree import Entry, Tree
from packer.certify.view import View

_SMALL = 1 << 20
_WHEN = 1_750_000_000.0


@dataclass(frozen=True, slots=True)
class Write:
    """A file; what stands there is replaced, or kept in front where `append`."""

    path: str
    content: str | bytes = ""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    append: bool = False
    kind: int = stat.S_IFREG


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Folder:
    path: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Another mode or owner for what stands there; on a copy at `path` of `of` where given."""

    path: str
    mode: int = -1
    uid: int = -1
    gid: int = -1


@dataclass(frozen=True, slots=True)
class Swap:
    """A text in a file, replaced by another."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Remove:
    path: str


Act = Write | Link | Folder | Change | Swap | Remove


@dataclass(frozen=True, slots=True)
class Fault:
    """`rule` is the one that is meant to find it."""

    name: str
    rule: str
    acts: tuple[Act, ...]


class Layer:
    """A `Store` (packer/certify/view.py) over a tree, or over nothing."""

    def __init__(self, below: Tree | None) -> None:
        self._below = below
        self._changed: dict[str, tuple[Entry, bytes] | None] = {}
        self._names: dict[str, set[str]] = {}
        if below is None:
            self._put(Entry("/", stat.S_IFDIR | 0o755, 0, 0, 0, _WHEN), b"")

    def plant(self, acts: Iterable[Act]) -> None:
        for act in acts:
            self._plant(act)

    def changes(self) -> tuple[tuple[str, Entry | None, bytes], ...]:
        """Parents first; None where something is taken away."""
        return tuple(
            (path, found[0] if found else None, found[1] if found else b"")
            for path, found in sorted(self._changed.items())
        )

    def is_changed(self, path: str) -> bool:
        return path in self._changed

    def _plant(self, act: Act) -> None:
        if isinstance(act, Write):
            new = act.content.encode() if isinstance(act.content, str) else act.content
            data = (self.content(act.path) if act.append else b"") + new
            self._put(
                Entry(act.path, act.kind | act.mode, act.uid, act.gid, len(data), _WHEN), data
            )
        elif isinstance(act, Link):
            mode = stat.S_IFLNK | 0o777
            self._put(Entry(act.path, mode, 0, 0, len(act.target), _WHEN, act.target), b"")
        elif isinstance(act, Folder):
            self._put(Entry(act.path, stat.S_IFDIR | act.mode, act.uid, act.gid, 0, _WHEN), b"")
        elif isinstance(act, Remove):
            self._changed[act.path] = None
        elif isinstance(act, Swap):
            text = self.content(act.path).decode()
            if act.old not in text:
                raise LookupError(f"{act.path} has no {act.old!r} to replace")
            self._rewrite(act.path, text.replace(act.old, act.new).encode())
        else:
            self._rewrite(act.path, None, act)

    def _rewrite(self, path: str, data: bytes | None, change: Change | None = None) -> None:
        entry = self.lstat(self._real(path))
        if entry is None:
            raise LookupError(f"{path} is not in the tree")
        if data is None:
            data = self.content(path) if entry.is_file else b""
        mode = entry.mode
        if change is not None and change.mode >= 0:
            mode = stat.S_IFMT(mode) | change.mode
        uid = change.uid if change is not None and change.uid >= 0 else entry.uid
        gid = change.gid if change is not None and change.gid >= 0 else entry.gid
        self._put(replace(entry, mode=mode, uid=uid, gid=gid, size=len(data)), data)

    def _put(self, entry: Entry, data: bytes) -> None:
        entry = replace(entry, path=self._real(entry.path))
        self._changed[entry.path] = (entry, data)
        above, _, name = entry.path.rpartition("/")
        above = above or "/"
        if name:
            self._names.setdefault(above, set()).add(name)
            if self.lstat(above) is None:
                self._put(Entry(above, stat.S_IFDIR | 0o755, 0, 0, 0, _WHEN), b"")

    def _real(self, path: str) -> str:
        """In a merged /usr, /bin/sh stands in /usr/bin."""
        above, _, name = path.rpartition("/")
        found = self._below.entry(above, follow=True) if self._below and above else None
        return f"{found.path.rstrip('/')}/{name}" if found is not None else path

    def content(self, path: str) -> bytes:
        return b"".join(self.chunks(self._real(path), 1 << 40))

    def lstat(self, path: str) -> Entry | None:
        if path in self._changed:
            found = self._changed[path]
            return found[0] if found else None
        return self._below.entry(path) if self._below is not None else None

    def children(self, path: str) -> tuple[Entry, ...]:
        names = set(self._names.get(path, ()))
        if self._below is not None:
            names |= set(self._below.names(path))
        before = path.rstrip("/")
        found = (self.lstat(f"{before}/{name}") for name in sorted(names))
        return tuple(each for each in found if each is not None)

    def is_walked(self, entry: Entry, above: Entry) -> bool:
        del entry, above
        return True

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        if path in self._changed:
            found = self._changed[path]
            yield found[1][:limit] if found else b""
        elif self._below is not None:
            yield self._below.read(path, limit=limit) or b""


class Planted(View):
    """The tree of a layer: what is not changed has the digest it had below."""

    def __init__(self, layer: Layer, below: Tree | None) -> None:
        super().__init__("folder", layer)
        self._layer = layer
        self._under = below

    def digest(self, path: str, algorithm: Literal["md5", "sha256"]) -> str:
        if self._under is None or self._layer.is_changed(path):
            return super().digest(path, algorithm)
        return self._under.digest(path, algorithm)

    def digest_all(self, paths: Iterable[str], algorithm: Literal["md5", "sha256"]) -> None:
        if self._under is not None:
            self._under.digest_all(
                (one for one in paths if not self._layer.is_changed(one)), algorithm
            )


class Kept:
    """A clean tree whose small files are read once, however many faults are planted in it."""

    def __init__(self, below: Tree) -> None:
        self._below = below
        self._read: dict[str, bytes | None] = {}
        self._known: dict[str, tuple[str, ...]] = {}
        self.kind = below.kind
        self.entry = below.entry
        self.walk = below.walk
        self.digest = below.digest
        self._digested = False

    def names(self, folder: str) -> tuple[str, ...]:
        if folder not in self._known:
            self._known[folder] = self._below.names(folder)
        return self._known[folder]

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        if path not in self._read:
            data = self._below.read(path, limit=_SMALL + 1)
            if data is not None and len(data) > _SMALL:
                return self._below.read(path, limit=limit)
            self._read[path] = data
        found = self._read[path]
        return None if found is None else found[:limit]

    def text(self, path: str, *, limit: int = 1 << 20) -> str:
        return (self.read(path, limit=limit) or b"").decode(errors="replace")

    def digest_all(self, paths: Iterable[str], algorithm: Literal["md5", "sha256"]) -> None:
        if not self._digested:
            self._below.digest_all(paths, algorithm)
            self._digested = True


def planted(below: Tree | None, *acts: Act) -> Planted:
    layer = Layer(below)
    layer.plant(acts)
    return Planted(layer, below)
