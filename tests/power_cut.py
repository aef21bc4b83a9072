"""Power cuts, simulated: what a disk may hold after one, for every moment of some code's run.

Records what code changes below a folder, call by call, then makes for every prefix of those calls
the states that POSIX allows after a power cut: content that was not fsynced may be there, be lost,
torn or zeros; a name that was made, moved or taken away without an fsync of its folder may be so or
not, whatever happened to other names; an owner or mode likewise. `kill -9` alone finds none of
this: the kernel lives on and writes everything.

    with recording(root) as log:
        code_under_test(root)
    swept = sweep(log, scratch, check)      # check(folder) -> complaints
    assert swept.violations == []

How it sees calls: the functions of `os` are wrapped, and the tree is read before and after each,
so a change that no wrapped call made (a library's own write) counts as made without fsync. What
such a library syncs by itself (SQLite) is not seen: leave those files out with `ignore`.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMESPACE = ("open", "mkdir", "rmdir", "rename", "replace", "unlink", "remove", "symlink", "link",
             "chmod", "fchmod", "chown", "fchown", "lchown", "truncate", "ftruncate", "write",
             "mkfifo")  # fmt: skip
SYNCS = ("fsync", "fdatasync")
MOST_SUBSETS = 6  # names not yet durable of which every subset is tried; of more, the telling ones

Place = tuple[int, str]  # folder, name


@dataclass(frozen=True)
class Facts:
    """What an inode holds: a folder has neither; permission bits and owner for all."""

    kind: str
    content: bytes
    mode: int
    owner: tuple[int, int]


@dataclass(frozen=True)
class Event:
    """One change: names set (or taken away: None), an inode's facts, or what was synced."""

    call: str
    names: dict[Place, int | None] = field(default_factory=dict)
    facts: dict[int, Facts] = field(default_factory=dict)
    synced: int = 0


Tree = dict[str, Facts]  # by path below the root


@dataclass
class Log:
    """All that happened, and the tree before it. `root` is the number of the root folder."""

    root: int
    names: dict[Place, int]
    facts: dict[int, Facts]
    events: list[Event] = field(default_factory=list)

    def states(self) -> Iterator[tuple[int, Tree]]:
        """(events that had happened, what the disk may hold), for every moment."""
        for moment in range(len(self.events) + 1):
            yield from ((moment, tree) for tree in _Cut(self, moment).trees())


@contextmanager
def recording(root: Path, *, ignore: tuple[str, ...] = ()) -> Iterator[Log]:
    """Record what this thread changes below `root`; `ignore` are names not looked at."""
    recorder = _Recorder(root, ignore)
    recorder.wrap()
    try:
        yield recorder.log
    finally:
        recorder.unwrap()


class _Recorder:
    def __init__(self, root: Path, ignore: tuple[str, ...]) -> None:
        self._root, self._ignore = root, ignore
        self._real: dict[str, Callable[..., Any]] = {}
        self._numbers: dict[int, int] = {}  # of the file system's inodes, which are used again
        self._next = itertools.count(1)
        self._busy = False
        self._names, self._facts = self._scan()
        self.log = Log(1, dict(self._names), dict(self._facts))

    def wrap(self) -> None:
        for name in (*NAMESPACE, *SYNCS):
            self._real[name] = getattr(os, name)
            setattr(os, name, self._wrapped(name, self._real[name]))

    def unwrap(self) -> None:
        for name, real in self._real.items():
            setattr(os, name, real)
        self._note("the end")

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._busy:
                return real(*args, **kwargs)
            self._note(f"before {name}")
            synced = os.fstat(args[0]).st_ino if name in SYNCS else 0
            result = real(*args, **kwargs)
            if synced in self._numbers:
                self.log.events.append(Event(name, synced=self._numbers[synced]))
            self._note(name)
            return result

        return call

    def _note(self, call: str) -> None:
        """Whatever changed since the last look is one event."""
        self._busy = True
        try:
            names, facts = self._scan()
        finally:
            self._busy = False
        moved: dict[Place, int | None] = {
            place: number for place, number in names.items() if self._names.get(place) != number
        }
        moved |= {place: None for place in self._names if place not in names}
        changed = {number: one for number, one in facts.items() if self._facts.get(number) != one}
        if moved or changed:
            self.log.events.append(Event(call, moved, changed))
        self._names, self._facts = names, facts

    def _scan(self) -> tuple[dict[Place, int], dict[int, Facts]]:
        names: dict[Place, int] = {}
        facts: dict[int, Facts] = {}
        seen: dict[int, int] = {}
        top = self._number(os.lstat(self._root).st_ino, seen)
        facts[top] = _facts(self._root)
        pending = [(self._root, top)]
        while pending:
            folder, number = pending.pop()
            for entry in sorted(os.scandir(folder), key=lambda each: each.name):
                if entry.name in self._ignore:
                    continue
                child = self._number(entry.inode(), seen)
                names[number, entry.name] = child
                facts[child] = _facts(Path(entry.path))
                if entry.is_dir(follow_symlinks=False):
                    pending.append((Path(entry.path), child))
        self._numbers = seen  # An inode that is gone gives its number back, and ours is not reused.
        return names, facts

    def _number(self, inode: int, seen: dict[int, int]) -> int:
        if inode not in seen:
            seen[inode] = self._numbers.get(inode) or next(self._next)
        return seen[inode]


def _facts(path: Path) -> Facts:
    found = os.lstat(path)
    owner = (found.st_uid, found.st_gid)
    if path.is_symlink():
        return Facts("link", os.readlink(path).encode(), 0o777, owner)
    if path.is_dir():
        return Facts("folder", b"", found.st_mode & 0o7777, owner)
    return Facts("file", path.read_bytes(), found.st_mode & 0o7777, owner)


class _Cut:
    """The states after a power cut at one moment."""

    def __init__(self, log: Log, moment: int) -> None:
        self._log = log
        self._sure: list[Event] = []
        self._open: list[tuple[int, Event]] = []  # (place in the order, names not yet durable)
        self._durable = dict(log.facts)
        self._newest = dict(log.facts)
        self._order: list[Event] = log.events[:moment]
        self._settle()

    def _settle(self) -> None:
        pending: list[tuple[int, Event, set[int]]] = []
        for place, event in enumerate(self._order):
            for number, facts in event.facts.items():
                self._newest[number] = facts
                if number not in self._durable:
                    # What makes a file fixes its first mode and owner; of content there is none.
                    empty = facts.content if facts.kind == "link" else b""
                    self._durable[number] = Facts(facts.kind, empty, facts.mode, facts.owner)
            if event.names:
                pending.append((place, event, {folder for folder, _ in event.names}))
            if event.synced:
                self._durable[event.synced] = self._newest[event.synced]
                for _, _, folders in pending:
                    folders.discard(event.synced)
        self._open = [(place, event) for place, event, folders in pending if folders]

    def trees(self) -> Iterator[Tree]:
        unsure = [place for place, _ in self._open]
        for kept in _subsets(unsure):
            names = self._names_with(set(unsure) - set(kept))
            for contents in self._contents():
                yield self._tree(names, contents)

    def _names_with(self, left_out: set[int]) -> dict[Place, int]:
        names = dict(self._log.names)
        for place, event in enumerate(self._order):
            if place in left_out:
                continue
            for where, number in event.names.items():
                if number is None:
                    names.pop(where, None)
                else:
                    names[where] = number
        return names

    def _contents(self) -> Iterator[dict[int, Facts]]:
        """Facts of all, for each way in which those not synced may come out."""
        dirty = [n for n, facts in self._newest.items() if self._durable.get(n) != facts]
        yield self._newest
        for how in ("lost", "empty", "torn", "zeros", "rights"):
            yield {**self._newest, **{number: self._spoilt(number, how) for number in dirty}}
            if len(dirty) > 1:
                for number in dirty:
                    yield {**self._newest, number: self._spoilt(number, how)}

    def _spoilt(self, number: int, how: str) -> Facts:
        old, new = self._durable[number], self._newest[number]
        if how == "rights":
            return Facts(new.kind, new.content, old.mode, old.owner)
        if new.kind != "file":
            return new
        # What was appended to keeps what was durable; what was written over may be cut to nothing.
        start = old.content if new.content.startswith(old.content) else b""
        more = new.content[len(start) :]
        content = {
            "lost": old.content,
            "empty": start,
            "torn": start + more[: len(more) // 2],
            "zeros": start + b"\0" * len(more),
        }[how]
        return Facts(new.kind, content, new.mode, new.owner)

    def _tree(self, names: dict[Place, int], facts: dict[int, Facts]) -> Tree:
        below: dict[int, list[tuple[str, int]]] = {}
        for (folder, name), number in names.items():
            below.setdefault(folder, []).append((name, number))
        tree: Tree = {}
        pending = [("", self._log.root)]
        while pending:
            path, number = pending.pop()
            if path:
                tree[path] = facts[number]
            pending += [(f"{path}/{name}".lstrip("/"), one) for name, one in below.get(number, [])]
        return tree


def _subsets(unsure: list[int]) -> Iterator[tuple[int, ...]]:
    """Which of the names not yet durable made it: all choices, or of many the telling ones."""
    if len(unsure) <= MOST_SUBSETS:
        for size in range(len(unsure) + 1):
            yield from itertools.combinations(unsure, size)
        return
    for size in range(len(unsure) + 1):
        yield tuple(unsure[:size])
    for one in unsure:
        yield (one,)
        yield tuple(each for each in unsure if each != one)


@dataclass
class Sweep:
    """`points`: moments at which the power was cut; `states`: different disks that came of it."""

    points: int = 0
    states: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.points} points, {self.states} states, {len(self.violations)} violations"


def sweep(log: Log, scratch: Path, check: Callable[[Path], list[str]], *, every: int = 1) -> Sweep:
    """Let `check` see each different state once (each `every`th one), made below `scratch`."""
    swept = Sweep(points=len(log.events) + 1)
    seen: set[object] = set()
    for moment, tree in log.states():
        key = frozenset(tree.items())
        if key in seen:
            continue
        seen.add(key)
        if (len(seen) - 1) % every:
            continue
        swept.states += 1
        folder = scratch / "disk"
        materialise(tree, folder)
        try:
            told = check(folder)
        finally:
            shutil.rmtree(folder)
        call = log.events[moment - 1].call if moment else "the start"
        swept.violations += [f"cut after event {moment} ({call}): {each}" for each in told]
    return swept


def materialise(tree: Tree, folder: Path) -> None:
    """Write the tree to a folder that is not there yet."""
    folder.mkdir()
    for path in sorted(tree):
        facts, target = tree[path], folder / path
        if facts.kind == "folder":
            target.mkdir()
        elif facts.kind == "link":
            target.symlink_to(os.fsdecode(facts.content))
        else:
            target.write_bytes(facts.content)
    for path in sorted(tree, reverse=True):
        facts, target = tree[path], folder / path
        if facts.kind != "link":
            if facts.owner != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
                os.chown(target, *facts.owner)
            target.chmod(facts.mode)
