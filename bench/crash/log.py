"""The recorded log of a run, read: events in order, each with names, facts, content and syncs.

Owns the format that `record.c` writes. Refuses to reason about disks (`disks`).
"""

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

Place = tuple[int, bytes]  # folder's inode, name


@dataclass(frozen=True)
class Facts:
    """What an inode is; of a symbolic link its target."""

    kind: str
    mode: int
    owner: tuple[int, int]
    target: bytes = b""


@dataclass(frozen=True)
class Piece:
    """A change of content: bytes at a place; or a new size; or, `whole`, all of it."""

    inode: int
    at: int
    content: bytes = b""
    size: int = -1
    whole: bool = False

    def onto(self, old: bytes) -> bytes:
        if self.whole:
            return self.content
        if self.size >= 0:
            return old[: self.size].ljust(self.size, b"\0")
        end = self.at + len(self.content)
        return old[: self.at].ljust(self.at, b"\0") + self.content + old[end:]


@dataclass
class Event:
    """One call. `synced` are inodes; 0 stands for the whole file system."""

    call: str
    names: dict[Place, int] = field(default_factory=dict)
    facts: dict[int, Facts] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    synced: list[int] = field(default_factory=list)


def read(path: Path) -> list[Event]:
    """Every event, in the order in which the kernel did them."""
    raw = path.read_bytes() if path.exists() else b""
    events, at = [], 0
    while at < len(raw):
        (size,) = struct.unpack_from("Q", raw, at)
        events.append(_event(_Reader(raw[at + 8 : at + 8 + size])))
        at += 8 + size
    return events


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def numbers(self, count: int) -> tuple[int, ...]:
        found = struct.unpack_from(f"{count}Q", self.raw, self.at)
        self.at += 8 * count
        return found

    def content(self) -> bytes:
        (size,) = self.numbers(1)
        self.at += size
        return self.raw[self.at - size : self.at]

    def tags(self) -> Iterator[str]:
        while self.at < len(self.raw):
            self.at += 1
            yield chr(self.raw[self.at - 1])


def _event(reader: _Reader) -> Event:
    event = Event(reader.content().decode())
    for tag in reader.tags():
        if tag == "N":
            folder, inode = reader.numbers(2)
            event.names[folder, reader.content()] = inode
        elif tag == "F":
            inode, mode, user, group = reader.numbers(4)
            event.facts[inode] = Facts(
                _kind(mode), stat.S_IMODE(mode), (user, group), reader.content()
            )
        elif tag == "W":
            inode, at = reader.numbers(2)
            event.pieces.append(Piece(inode, at, reader.content()))
        elif tag == "T":
            inode, size = reader.numbers(2)
            event.pieces.append(Piece(inode, 0, size=size))
        elif tag == "C":
            (inode,) = reader.numbers(1)
            event.pieces.append(Piece(inode, 0, reader.content(), whole=True))
        elif tag == "S":
            event.synced += reader.numbers(1)
        else:
            raise ValueError(f"an unknown part {tag!r} in the log")
    return event


def _kind(mode: int) -> str:
    return "link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "file"
