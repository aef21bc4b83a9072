"""A bundle looked at without any trust: what it says of itself, and who seems to have signed it.

Owns that look, for a vendor's or a customer's curiosity. Vouches for nothing: whoever wants to
believe a word of it verifies the bundle (`bundle`).
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from agent.errors import MachineError, RefusedError
from agent.host.failures import FileFailure
from agent.host.opened import Opened, open_once
from agent.release import container, signatures
from agent.release.bundle import read_record
from agent.release.container import RELEASE, Member, damaged
from agent.release.record import ReleaseRecord


class MemberSize(Struct, frozen=True):
    """One member of the bundle, in bytes."""

    name: str
    size: int


class Claim(Struct, frozen=True, kw_only=True):
    """What an unverified bundle says. `root` is the newest root it carries, `root_keys` the ids
    of the keys in that."""

    record: ReleaseRecord
    size: int
    root: int
    root_keys: tuple[str, ...]
    members: tuple[MemberSize, ...]


def look(path: Path) -> Claim:
    """Raises RefusedError `bundle-invalid`, MachineError."""
    try:
        with open_once(path) as opened:
            return _claim(opened)
    except FileNotFoundError:
        raise MachineError("file-unreadable", f"there is no {path}", hint="ls -l") from None
    except FileFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint=f"ls -l {path}") from failure


def _claim(opened: Opened) -> Claim:
    members = container.read_index(opened)
    newest = max(
        number for number in range(1, container.MOST_ROOTS + 1) if _root(number) in members
    )
    try:
        root = signatures.anchor(_content(opened, members[_root(newest)])).root
    except RefusedError as error:
        raise damaged(f"its root {newest} can't be read") from error
    return Claim(
        record=read_record(_content(opened, members[RELEASE])),
        size=opened.size,
        root=root.version,
        root_keys=tuple(sorted(root.roles["root"].keyids)),
        members=tuple(MemberSize(each.name, each.size) for each in members.values()),
    )


def _root(number: int) -> str:
    return container.ROOTS.format(number)


def _content(opened: Opened, member: Member) -> bytes:
    return opened.read_at(member.offset, member.size)
