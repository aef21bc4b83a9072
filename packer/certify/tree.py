"""A file system to look at, whatever holds it: this machine, a folder, a tar, a disk image.

Owns the questions that rules may ask. Refuses to change anything, to follow a link out of the
tree, and to open what is no regular file.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["live", "folder", "tar", "disk"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in the tree, as lstat(2) tells it. `path` is absolute within the tree."""

    path: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime: float
    target: str = ""
    """Of a symbolic link, as it is written."""

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


class Tree(Protocol):
    """Paths are absolute within the tree. Links in the way are followed inside it only.

    What can't be read raises CaretakerError `image-invalid`: nothing is taken for absent that
    could not be looked at.
    """

    def __hash__(self) -> int:
        """By identity: what rules read out of a tree is kept as long as it is looked at."""

    @property
    def kind(self) -> Kind: ...

    def entry(self, path: str, *, follow: bool = False) -> Entry | None:
        """What stands there; None where nothing does."""

    def names(self, folder: str) -> tuple[str, ...]:
        """Sorted; empty where there is no such folder."""

    def walk(self, top: str = "/") -> Iterator[Entry]:
        """Everything below, parents first, sorted by name. The list is kept after the first."""

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        """Its first `limit` bytes, links followed; None where no regular file stands."""

    def text(self, path: str, *, limit: int = 1 << 20) -> str:
        """The same for people, "" where there is none; what is no UTF-8 is replaced."""

    def digest(self, path: str, algorithm: Literal["md5", "sha256"]) -> str:
        """Of the whole content, in hexadecimal."""

    def digest_all(self, paths: Iterable[str], algorithm: Literal["md5", "sha256"]) -> None:
        """Work out many at once, on several cores; `digest` of these then costs nothing."""
