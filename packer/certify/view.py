"""The tree that rules see, over whatever can tell names and content.

Owns links (followed inside the tree only, as a chroot would), the walk that is kept, reading with
a cap, digests. Refuses more names than any image has. A `Store` knows nothing of links.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Literal, Protocol

from agent.errors import MachineError
from agent.host.failures import HostFailure
from packer.certify.tree import Entry, Kind

_LINKS = 40  # as many as the kernel follows (path_resolution(7))
_STEPS = 300  # folders and links gone through for one path; each is a frame of the stack
_MOST = 3_000_000  # entries
_WORKERS = 2
_SHARE = 256  # files that one worker takes at once: handing over costs more than a small file
Algorithm = Literal["md5", "sha256"]


class Store(Protocol):
    """Names and content by plain path. Raises CaretakerError `image-invalid` or HostFailure."""

    def lstat(self, path: str) -> Entry | None: ...

    def children(self, path: str) -> tuple[Entry, ...]:
        """Sorted by name; empty where there is no such folder."""

    def is_walked(self, entry: Entry, above: Entry) -> bool:
        """Whether a walk goes down into the folder: not where another file system begins."""

    def chunks(self, path: str, limit: int) -> Iterator[bytes]: ...


def unreadable(path: str, why: str) -> MachineError:
    return MachineError(
        "image-invalid", f"{path} can't be read: {why}", hint="check that the image arrived whole"
    )


class View:
    """A `Tree` (packer/certify/tree.py)."""

    def __init__(self, kind: Kind, store: Store) -> None:
        self._kind: Kind = kind
        self._store = store
        self._entries: dict[str, Entry | None] = {}
        self._real: dict[str, str | None] = {"/": "/"}
        self._digests: dict[tuple[str, str], str] = {}
        self._walked: list[Entry] = []
        self._order: list[tuple[str, ...]] = []

    @property
    def kind(self) -> Kind:
        return self._kind

    def entry(self, path: str, *, follow: bool = False) -> Entry | None:
        known = self._entries.get(path)  # kept by real paths only: nothing to resolve
        if known is not None and not (follow and known.is_link):
            return known
        for _ in range(_LINKS):
            real = self._resolved(path, _STEPS)
            found = self._lstat(real) if real is not None else None
            if found is None or real is None or not (follow and found.is_link):
                return found
            path = _joined(real, found.target)
        return None

    def names(self, folder: str) -> tuple[str, ...]:
        top = self.entry(folder, follow=True)
        if top is None or not top.is_folder:
            return ()
        return tuple(each.path.rpartition("/")[2] for each in self._children(top.path))

    def walk(self, top: str = "/") -> Iterator[Entry]:
        start = self.entry(top, follow=True)
        if start is None or not start.is_folder:
            return
        if not self._walked:
            self._walked = sorted(self._below("/"), key=lambda each: _order(each.path))
            self._order = [_order(each.path) for each in self._walked]
        key = _order(start.path)
        at = bisect_left(self._order, key)
        known = start.path == "/" or (
            at < len(self._order) and self._order[at] == key and self._seen_below(at, start.path)
        )
        if not known:  # beyond another file system's border, which the whole walk did not cross
            yield from sorted(self._below(start.path), key=lambda each: _order(each.path))
            return
        for each in islice(self._walked, 0 if start.path == "/" else at + 1, None):
            if start.path != "/" and not _is_below(each, start.path):
                return
            yield each

    def read(self, path: str, *, limit: int = 1 << 20) -> bytes | None:
        found = self.entry(path, follow=True)
        if found is None or not found.is_file:
            return None
        return b"".join(self._chunks(found.path, limit))

    def text(self, path: str, *, limit: int = 1 << 20) -> str:
        return (self.read(path, limit=limit) or b"").decode(errors="replace")

    def digest(self, path: str, algorithm: Algorithm) -> str:
        found = self.entry(path, follow=True)
        if found is None or not found.is_file:
            raise unreadable(path, "no regular file stands there")
        known = self._digests.get((found.path, algorithm))
        if known is None:
            known = self._digested(found, algorithm)
            self._digests[found.path, algorithm] = known
        return known

    def digest_all(self, paths: Iterable[str], algorithm: Algorithm) -> None:
        """Work ahead, on both cores: `digest` of these then takes no time. Never raises."""

        wanted = sorted(paths)
        shares = [wanted[at : at + _SHARE] for at in range(0, len(wanted), _SHARE)]
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(lambda share: self._digest_share(share, algorithm), shares))

    def _digest_share(self, paths: list[str], algorithm: Algorithm) -> None:
        for path in paths:
            try:
                self.digest(path, algorithm)
            except MachineError:
                continue  # told when that file is asked for

    def _digested(self, entry: Entry, algorithm: Algorithm) -> str:
        total = hashlib.new(algorithm, usedforsecurity=False)
        for part in self._chunks(entry.path, 1 << 62):
            total.update(part)
        return total.hexdigest()

    def _chunks(self, path: str, limit: int) -> Iterator[bytes]:
        try:
            yield from self._store.chunks(path, limit)
        except HostFailure as error:
            raise unreadable(path, str(error)) from error

    def _lstat(self, path: str) -> Entry | None:
        if path not in self._entries:
            try:
                self._entries[path] = self._store.lstat(path)
            except HostFailure as error:
                raise unreadable(path, str(error)) from error
        return self._entries[path]

    def _children(self, path: str) -> tuple[Entry, ...]:
        try:
            return self._store.children(path)
        except HostFailure as error:
            raise unreadable(path, str(error)) from error

    def _below(self, top: str) -> Iterator[Entry]:
        first = self._lstat(top)
        pending, seen = ([first] if first else []), 0
        while pending:
            folder = pending.pop()
            for each in self._children(folder.path):
                seen += 1
                if seen > _MOST:
                    raise unreadable(each.path, f"there are more than {_MOST} names")
                self._entries[each.path] = each
                yield each
                if each.is_folder and self._store.is_walked(each, folder):
                    pending.append(each)

    def _seen_below(self, at: int, path: str) -> bool:
        return at + 1 < len(self._walked) and _is_below(self._walked[at + 1], path)

    def _resolved(self, path: str, steps: int) -> str | None:
        """The same name with no link before its last part; None where the way ends."""
        path = _normal(path)
        above, _, name = path.rpartition("/")
        folder = self._folder(above or "/", steps - 1)
        if folder is None or not name:
            return folder
        return f"{folder.rstrip('/')}/{name}"

    def _folder(self, path: str, steps: int) -> str | None:
        if path in self._real:
            return self._real[path]
        if steps <= 0:
            return None
        real = self._resolved(path, steps)
        found = self._lstat(real) if real is not None else None
        answer = None
        if found is not None and found.is_folder:
            answer = real
        elif found is not None and found.is_link and real is not None:
            answer = self._folder(_normal(_joined(real, found.target)), steps - 1)
        self._real[path] = answer
        return answer


def _normal(path: str) -> str:
    """Without `.`, `..` and double slashes; `..` at the top stays there."""
    kept: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del kept[-1:]
        elif step not in ("", "."):
            kept.append(step)
    return "/" + "/".join(kept)


def _joined(link: str, target: str) -> str:
    return target if target.startswith("/") else f"{link.rpartition('/')[0]}/{target}"


def _order(path: str) -> tuple[str, ...]:
    """Parents before children, and a folder's content together."""
    return tuple(path.split("/"))


def _is_below(entry: Entry, folder: str) -> bool:
    return entry.path.startswith(folder + "/")
