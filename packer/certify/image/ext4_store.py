"""An ext4 file system as names and content, read by position from a disk.

Owns folders, links and content. Refuses what only a forged image has: a folder in two places,
names with slashes, more content than the disk could hold.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator

from packer.certify.image.ext4_inode import Inode, decode, runs
from packer.certify.image.ext4_layout import layout
from packer.certify.image.source import Source, invalid
from packer.certify.tree import Entry

_ROOT = 2  # the inode of the top (ext4.h)
_CHUNK = 1 << 20
_KEPT = 16 << 20  # bytes of blocks in memory
_LARGEST_FOLDER = 64 << 20
_MOST_NAMES = 1_000_000  # of all folders; a forged one may lead to the same blocks again and again
_LONGEST = 4096  # bytes of a path, as the kernel takes it


class Ext4Store:
    """A `Store` (packer/certify/view.py)."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._layout = layout(source)
        self._blocks: dict[int, bytes] = {}
        self._numbers: dict[str, int] = {"/": _ROOT}
        self._inodes: dict[str, Inode] = {}
        self._folders: dict[int, str] = {}
        self._children: dict[str, dict[str, Entry]] = {}
        # A forged image may map the same blocks into every file: reading has an end all the same.
        self._left = source.size * 8 + (1 << 30)
        self._names_left = _MOST_NAMES

    def lstat(self, path: str) -> Entry | None:
        if path == "/":
            return self._entry("/", _ROOT)
        above, _, name = path.rpartition("/")
        return self._listing(above or "/").get(name)

    def children(self, path: str) -> tuple[Entry, ...]:
        return tuple(self._listing(path).values())

    def is_walked(self, entry: Entry, above: Entry) -> bool:
        return True

    def chunks(self, path: str, limit: int) -> Iterator[bytes]:
        if self.lstat(path) is None:
            return
        inode = self._inodes[path]
        if stat.S_ISREG(inode.mode):
            yield from self._content(inode, limit)

    def _listing(self, path: str) -> dict[str, Entry]:
        known = self._children.get(path)
        if known is not None:
            return known
        if path != "/":
            above, _, name = path.rpartition("/")
            entry = self._listing(above or "/").get(name)
            if entry is None or not entry.is_folder:
                return {}
        number = self._numbers[path]
        if self._folders.setdefault(number, path) != path:
            raise invalid(f"{path} and {self._folders[number]} are one folder")
        before = path.rstrip("/")
        found = {}
        for name, child in sorted(self._names(self._inode_at(number))):
            below = f"{before}/{name}"
            self._names_left -= 1
            if self._names_left < 0:
                raise invalid(f"there are more than {_MOST_NAMES} names in it")
            if len(below) > _LONGEST:
                raise invalid(f"{below[:80]}… is a longer path than a kernel takes")
            if name not in found:
                found[name] = self._entry(below, child)
        self._children[path] = found
        return found

    def _entry(self, path: str, number: int) -> Entry:
        inode = self._inode_at(number)
        self._numbers[path] = number
        self._inodes[path] = inode
        target = self._target(inode) if stat.S_ISLNK(inode.mode) else ""
        return Entry(path, inode.mode, inode.uid, inode.gid, inode.size, inode.mtime, target)

    def _target(self, inode: Inode) -> str:
        if inode.holds_target:
            return os.fsdecode(inode.map[: inode.size])
        if inode.size > _LONGEST:
            raise invalid("a symbolic link in it is longer than a path may be")
        return os.fsdecode(b"".join(self._content(inode, _LONGEST)))

    def _names(self, inode: Inode) -> Iterator[tuple[str, int]]:
        """Names and inode numbers of a folder; the blocks of its index look like empty ones."""
        if not stat.S_ISDIR(inode.mode) or inode.size > _LARGEST_FOLDER:
            raise invalid("a folder in it is damaged")
        size = self._layout.block
        content = b"".join(self._content(inode, inode.size))
        for start in range(0, len(content) - size + 1, size):
            at = start
            while at < start + size:
                if at + 8 > start + size:
                    raise invalid("the names of a folder in it are damaged")
                number, step, length = struct.unpack_from("<IHB", content, at)
                if step in (0, 0xFFFF) and size == 1 << 16:
                    step = size  # 16 bits can't hold it (ext4_rec_len_from_disk)
                if step < 8 or step % 4 or at + step > start + size or 8 + length > step:
                    raise invalid("the names of a folder in it are damaged")
                name = content[at + 8 : at + 8 + length]
                at += step
                if number and name not in (b".", b".."):
                    if not name or b"/" in name or b"\0" in name:
                        raise invalid("a name in it has a slash or a zero byte")
                    yield os.fsdecode(name), number

    def _content(self, inode: Inode, limit: int) -> Iterator[bytes]:
        if inode.size > self._source.size:
            raise invalid(f"a file in it claims {inode.size} bytes, more than the disk has")
        size, end = self._layout.block, min(inode.size, limit)
        at = 0
        for logical, physical, count in runs(
            inode, self._block, block=size, blocks=self._layout.blocks
        ):
            yield from self._zeros(min(logical * size, end) - at)
            at = max(at, min(logical * size, end))
            stop = min((logical + count) * size, end)
            if physical == 0:
                yield from self._zeros(stop - at)
                at = stop
            while at < stop:
                want = min(_CHUNK, stop - at)
                self._spend(want)
                yield self._source.read_at((physical - logical) * size + at, want)
                at += want
            if at >= end:
                return
        yield from self._zeros(end - at)

    def _zeros(self, count: int) -> Iterator[bytes]:
        while count > 0:
            self._spend(min(count, _CHUNK))
            yield bytes(min(count, _CHUNK))
            count -= _CHUNK

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise invalid("its files hold far more than the disk could")

    def _inode_at(self, number: int) -> Inode:
        layout = self._layout
        if not 0 < number <= layout.inodes:
            raise invalid(f"a name leads to inode {number}, of {layout.inodes}")
        group, index = divmod(number - 1, layout.inodes_in_group)
        block, at = divmod(index * layout.inode, layout.block)
        return decode(self._block(layout.tables[group] + block)[at : at + layout.inode])

    def _block(self, number: int) -> bytes:
        known = self._blocks.get(number)
        if known is None:
            if not 0 < number < self._layout.blocks:
                raise invalid(f"block {number} lies beyond the file system's end")
            known = self._source.read_at(number * self._layout.block, self._layout.block)
            if len(self._blocks) * self._layout.block >= _KEPT:
                self._blocks.clear()
            self._blocks[number] = known
        return known
