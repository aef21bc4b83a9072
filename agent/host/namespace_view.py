"""Folders under the names that another mount namespace has for them.

Owns the translation, by mountinfo: two paths are one folder when file system and place on it are
the same. Refuses file systems that are mounted nowhere in one of the two.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from agent.host.mounts import Mount, mount_of

_DELETED = " (deleted)"


@dataclass(slots=True)
class View:
    """One namespace's mounts, and what is sought as places on file systems.

    `devices` are the file systems of the files sought; empty: they may be on any.
    `needles` are the beginnings of paths, in the bytes of that namespace, below what is sought.
    """

    mounts: Sequence[Mount]
    places: Sequence[tuple[tuple[int, int], str]]
    devices: Collection[tuple[int, int]]
    needles: list[bytes]
    above: frozenset[str]
    reaches_home: bool
    _folders: dict[str, tuple[bool, bool, bool]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        folders: Sequence[str],
        devices: Collection[tuple[int, int]],
        ours: Sequence[Mount],
        theirs: Sequence[Mount],
        *,
        root: str,
        home: str,
    ) -> View:
        """`root` is the process's own: mountinfo tells of mounts below it, relative to it.

        `home` is a folder of ours that it may reach or not.
        """
        places = [place for each in folders if (place := _place(each, ours)) is not None]
        mounts = _rooted(theirs, root)
        names = {
            name
            for device, inner in places
            for mount in mounts
            if mount.device == device
            for name in _names(mount, inner)
        }
        above = frozenset(name.rpartition("/")[0] for name in names)
        needles = [os.fsencode(name) for name in sorted(names)]
        reaches = _reaches(_place(home, ours), mounts) if home else True
        return cls(mounts, places, devices, needles, above, reaches)

    def is_below(self, path: str) -> bool:
        """Whether a path of this namespace is, or stands below, one of the folders."""
        if not self.places or not path.startswith("/"):
            return False
        path = path.removesuffix(_DELETED)
        below, above, _ = self._about(path.rpartition("/")[0])
        return below or (above and self._is(path))

    def may_hold(self, path: str) -> bool:
        """Whether it stands on a file system of the files sought. No question to that file."""
        return self._about(path.rpartition("/")[0])[2]

    def _about(self, folder: str) -> tuple[bool, bool, bool]:
        """Of a folder: whether it is below one sought, whether one may stand right in it, and
        whether a file sought may stand on its file system."""
        known = self._folders.get(folder)
        if known is None:
            mount = mount_of(Path(folder or "/"), self.mounts)
            device = mount.device if mount is not None else (0, 0)
            below = self._is(folder or "/")
            anywhere = mount is None or not self.devices
            known = (below, folder in self.above, anywhere or device in self.devices)
            self._folders[folder] = known
        return known

    def _is(self, path: str) -> bool:
        place = _place(path, self.mounts)
        if place is None:
            return False
        return any(
            place[0] == device and (place[1] == inner or place[1].startswith(_slashed(inner)))
            for device, inner in self.places
        )


def _rooted(mounts: Sequence[Mount], root: str) -> list[Mount]:
    if root == "/":
        return list(mounts)
    return [
        Mount(
            _joined(root, each.point.lstrip("/")), each.kind, each.source, each.options,
            each.device, root=each.root,
        )
        for each in mounts
    ]  # fmt: skip


def _place(path: str, mounts: Sequence[Mount]) -> tuple[tuple[int, int], str] | None:
    """(file system, path on it) of an absolute path."""
    mount = mount_of(Path(path), mounts)
    if mount is None:
        return None
    return mount.device, _joined(mount.root, str(PurePosixPath(path).relative_to(mount.point)))


def _names(mount: Mount, inner: str) -> list[str]:
    """What a place on the mount's file system is called below it, itself or what it stands in."""
    if inner == mount.root or inner.startswith(_slashed(mount.root)):
        return [_joined(mount.point, inner[len(mount.root) :].lstrip("/"))]
    return [mount.point] if mount.root.startswith(_slashed(inner)) else []


def _reaches(place: tuple[tuple[int, int], str] | None, mounts: Sequence[Mount]) -> bool:
    """Whether one of the mounts shows that place."""
    if place is None:
        return True
    device, inner = place
    return any(
        mount.device == device and _slashed(inner).startswith(_slashed(mount.root))
        for mount in mounts
    )


def _joined(head: str, tail: str) -> str:
    return head if tail in ("", ".") else f"{_slashed(head)}{tail}"


def _slashed(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"
