"""What a disk may hold after a power cut, for every moment of a recorded run.

The model of `tests/power_cut.py`, over the log of the preloaded library, so that children and
SQLite are in it: content that was not synced may be there, be lost, be torn, be zeros or reach the
disk page by page in any order; a name that was made, moved or taken away without a sync of its
folder may be so or not, whatever became of other names; an owner or a mode likewise. A sync of a
file does not keep its name. That is stricter than ext4, and what POSIX promises.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.crash.log import Event, Facts, Piece, Place
from bench.crash.tree import Entry, Tree

PAGE = 4096
HOWS = ("lost", "torn", "zeros", "pages", "rights")


@dataclass
class File:
    """An inode's content and facts: what is durable, and what came since."""

    durable: bytes = b""
    sure: Facts | None = None
    facts: Facts | None = None
    pending: list[Piece] = field(default_factory=list)

    def settle(self) -> None:
        self.durable = self.newest()
        self.sure, self.pending = self.facts, []

    def newest(self) -> bytes:
        content = self.durable
        for piece in self.pending:
            content = piece.onto(content)
        return content

    @property
    def dirty(self) -> bool:
        return bool(self.pending) or self.sure != self.facts

    def after(self, how: str, dice: random.Random) -> tuple[bytes, Facts]:
        """Content and facts as the disk may hold them."""
        assert self.facts is not None
        sure = self.sure or self.facts
        if how == "lost":
            return self.durable, sure
        if how == "rights":
            return self.newest(), sure
        if how == "torn":
            return self._applied(self._first_half()), self.facts
        if how == "zeros":
            sizes = [replace(p, content=b"\0" * len(p.content)) for p in self.pending]
            return self._applied(sizes), self.facts
        if how == "pages":
            pages = [page for piece in self.pending for page in _pages(piece)]
            return self._applied([p for p in pages if dice.random() < 0.5]), self.facts
        return self.newest(), self.facts

    def _first_half(self) -> list[Piece]:
        if len(self.pending) > 1:
            return self.pending[: len(self.pending) // 2]
        return [replace(p, content=p.content[: len(p.content) // 2]) for p in self.pending]

    def _applied(self, pieces: list[Piece]) -> bytes:
        content = self.durable
        for piece in pieces:
            content = piece.onto(content)
        return content


def _pages(piece: Piece) -> Iterator[Piece]:
    if piece.size >= 0 or piece.whole:
        yield piece
        return
    for at in range(0, len(piece.content), PAGE):
        yield Piece(piece.inode, piece.at + at, piece.content[at : at + PAGE])


@dataclass
class Disk:
    """The state of the world while the log is replayed."""

    root: int
    names: dict[Place, int] = field(default_factory=dict)  # durable
    unsure: list[dict[Place, int]] = field(default_factory=list)  # since, one a call
    files: dict[int, File] = field(default_factory=dict)

    def happen(self, event: Event) -> None:
        for inode, facts in event.facts.items():
            file = self.files.setdefault(inode, File())
            # What makes a file fixes its first mode and owner; of content there is none.
            file.sure = file.sure or facts
            file.facts = facts
        for piece in event.pieces:
            self.files[piece.inode].pending.append(piece)
        if event.names:
            self.unsure.append(dict(event.names))
        for inode in event.synced:
            self._sync(inode)

    def _sync(self, inode: int) -> None:
        if inode == 0:
            for file in self.files.values():
                file.settle()
            self._keep(self.unsure)
            self.unsure = []
            return
        if inode in self.files:
            self.files[inode].settle()
        # A rename over two folders is one step: durable when both of them are.
        held: set[Place] = set()
        left: list[dict[Place, int]] = []
        for names in self.unsure:
            folders = {folder for folder, _ in names} - {inode}
            if folders or held & names.keys():
                left.append(names)
                held |= names.keys()
            else:
                self._keep([names])
        self.unsure = left

    def _keep(self, events: list[dict[Place, int]]) -> None:
        for names in events:
            _apply(self.names, names)

    def trees(self, dice: random.Random) -> Iterator[Tree]:
        """The disks that may be there now, all or the telling ones."""
        everything = list(range(len(self.unsure)))
        dirty = [inode for inode, file in self.files.items() if file.dirty]
        for kept in _subsets(everything, dice):
            names = self._named(kept)
            yield self._tree(names, {}, dice)
            if dirty:
                yield self._tree(names, dict.fromkeys(dirty, "lost"), dice)
        if not dirty:
            return
        for kept in (everything, []):
            names = self._named(kept)
            for how in HOWS[1:]:
                yield self._tree(names, dict.fromkeys(dirty, how), dice)
            for inode in dirty if len(dirty) > 1 else []:
                yield self._tree(names, {inode: "lost"}, dice)
                others = dict.fromkeys(set(dirty) - {inode}, "lost")
                yield self._tree(names, others, dice)

    def _named(self, kept: list[int]) -> dict[Place, int]:
        names = dict(self.names)
        for number in kept:
            _apply(names, self.unsure[number])
        return names

    def _tree(self, names: dict[Place, int], how: dict[int, str], dice: random.Random) -> Tree:
        below: dict[int, list[tuple[str, int]]] = {}
        for (folder, name), inode in names.items():
            below.setdefault(folder, []).append((name.decode(errors="surrogateescape"), inode))
        tree: Tree = {}
        pending = [(name, inode) for name, inode in below.get(self.root, [])]
        while pending:
            path, inode = pending.pop()
            content, facts = self.files[inode].after(how.get(inode, ""), dice)
            shown = facts.target if facts.kind == "link" else content
            tree[path] = Entry(facts.kind, shown, facts.mode, facts.owner)
            pending += [(f"{path}/{name}", one) for name, one in below.get(inode, [])]
        return tree


def _apply(names: dict[Place, int], change: dict[Place, int]) -> None:
    for place, inode in change.items():
        if inode:
            names[place] = inode
        else:
            names.pop(place, None)


def _subsets(everything: list[int], dice: random.Random) -> Iterator[list[int]]:
    """Which names made it: all, none, all but one, only one, the first so many, and by chance."""
    yield everything
    if not everything:
        return
    yield []
    few = everything if len(everything) <= 8 else sorted(dice.sample(everything, 8))
    for one in few:
        yield [each for each in everything if each != one]
        yield [one]
        yield everything[: everything.index(one)]
    for _ in range(4):
        yield [each for each in everything if dice.random() < 0.5]


def standing(root: Path) -> Disk:
    """The disk with the tree that is there now, all of it durable."""
    top = root.lstat()
    disk = Disk(top.st_ino)
    pending = [(root, top.st_ino)]
    while pending:
        folder, number = pending.pop()
        for path in folder.iterdir():
            facts = path.lstat()
            kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file"
            disk.names[number, str(path.name).encode()] = facts.st_ino
            target = str(path.readlink()).encode() if kind == "link" else b""
            known = Facts(kind, facts.st_mode & 0o7777, (facts.st_uid, facts.st_gid), target)
            content = path.read_bytes() if kind == "file" else b""
            disk.files[facts.st_ino] = File(content, known, known)
            if kind == "folder":
                pending.append((path, facts.st_ino))
    return disk
