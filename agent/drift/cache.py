"""Digests that were computed before, for files that did not change since.

Owns the cache's file and the test of "did not change": size, inode, and both times to the
nanosecond. `ctime` can't be set by a program (inode(7)), so whoever puts an old date on a changed
file is still seen. Refuses to be needed: without it, everything is read.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from agent.host import files
from agent.host.failures import FileFailure

_CAP = 256 << 20  # bytes


class _Known(msgspec.Struct, frozen=True, array_like=True):
    size: int
    inode: int
    changed: int
    altered: int
    digest: str

    def key(self) -> tuple[int, int, int, int]:
        return self.size, self.inode, self.changed, self.altered


class Cache:
    """Digests by path. What this run looked at is what the next one may use.

    `forget` takes nothing from before.
    """

    def __init__(self, path: Path, *, forget: bool = False) -> None:
        self._path = path
        self._known = {} if forget else _load(path)
        self._fresh: dict[str, _Known] = {}

    def get(self, path: str, facts: os.stat_result) -> str | None:
        """The digest, if the file is as it was."""
        known = self._known.get(path)
        if known is None or _key(facts) != known.key():
            return None
        self._fresh[path] = known
        return known.digest

    def put(self, path: str, facts: os.stat_result, digest: str, *, now: float) -> None:
        """Remember. A file changed within the last second may change again unseen: not that one."""
        if facts.st_ctime < now - 1:
            self._fresh[path] = _Known(*_key(facts), digest)

    def save(self) -> bool:
        """False where the disk or the user's rights refuse; then the next run reads all again."""
        if self._fresh == self._known:
            return True
        try:
            files.replace(self._path, msgspec.msgpack.encode(self._fresh), mode=0o600)
        except FileFailure:
            return False
        return True


def _key(facts: os.stat_result) -> tuple[int, int, int, int]:
    return facts.st_size, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns


def _load(path: Path) -> dict[str, _Known]:
    try:
        content = files.read_bytes(path, cap=_CAP)
        return msgspec.msgpack.decode(content, type=dict[str, _Known])
    except (FileNotFoundError, FileFailure, msgspec.DecodeError, UnicodeDecodeError):
        return {}
