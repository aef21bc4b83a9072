"""Who may do what with a file or folder.

Owns "at most these bits, and this owner". Refuses to widen a mode that is tighter, and to follow
a link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.certify.tree import Entry
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want, subject_of

ROOT = (0, 0)
_Find = Callable[[Subject], Iterable[str]]


def at_most(path: str, mode: int, *, owner: tuple[int, int] | None = ROOT) -> Want:
    """Nothing where nothing stands there. A group among `owner` may be -1: any."""
    return each_at_most(path, lambda subject: (path,), mode, owner=owner)


def each_at_most(
    path: str,
    find: _Find,
    mode: int,
    *,
    owner: tuple[int, int] | None = None,
) -> Want:
    """The same for every path that `find` names."""

    def look(subject: Subject) -> Iterable[Finding]:
        for entry in _entries(subject, find):
            if extra := entry.mode & 0o7777 & ~mode:
                said = f"has mode {entry.mode & 0o7777:04o}; {extra:04o} of it is too much"
                yield Finding(entry.path, said)
            if owner is not None and not _is_owned(entry, owner):
                yield Finding(entry.path, f"belongs to {entry.uid}:{entry.gid}")

    def make(site: Site) -> None:
        with subject_of(site) as subject:
            entries = list(_entries(subject, find))
        for entry in entries:
            bits = entry.mode & 0o7777 & mode
            given = None
            if owner is not None and not _is_owned(entry, owner):
                given = (owner[0], entry.gid if owner[1] < 0 else owner[1])
            if bits != entry.mode & 0o7777 or given:
                hands.set_facts(site, entry.path, mode=bits, owner=given)

    return Want(path, look, make)


def _entries(subject: Subject, find: _Find) -> Iterable[Entry]:
    for name in find(subject):
        entry = subject.tree.entry(name)
        if entry is not None and (entry.is_file or entry.is_folder):
            yield entry


def _is_owned(entry: Entry, owner: tuple[int, int]) -> bool:
    return entry.uid == owner[0] and owner[1] in (entry.gid, -1)
