"""The bundle's outside: a tar of which only one spelling is allowed.

Owns the members, their order, their headers and the caps on their sizes. Any tar can list and
unpack a bundle; this reader takes only what `header` itself would have written, byte for byte, so
there is nothing in a bundle that it could understand otherwise than the builder. Refuses to know
what a member means, and to hold one that is larger than its cap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from agent.errors import RefusedError
from agent.host.failures import FileFailure

BLOCK = 512
END = bytes(2 * BLOCK)

ROOTS = "metadata/{}.root.json"
TIMESTAMP, SNAPSHOT, TARGETS = (
    f"metadata/{role}.json" for role in ("timestamp", "snapshot", "targets")
)
RELEASE, MANIFEST, PAYLOAD = "release.json", "appliance.toml", "payload.zst"
MIGRATIONS = "migrations/"

MOST_ROOTS = 64
_MOST_SCRIPTS = 4096
_MIGRATION = re.compile(r"migrations/\d{4}-[a-z0-9-]{1,41}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}")
_ROOT = re.compile(r"metadata/([1-9]\d{0,3})\.root\.json")
# Of what is signed by itself a little, of what its hash vouches for more.
CAPS: Mapping[str, int] = {
    TIMESTAMP: 64 << 10,
    SNAPSHOT: 256 << 10,
    TARGETS: 64 << 10,
    RELEASE: 64 << 20,
    MANIFEST: 1 << 20,
    PAYLOAD: 8**11 - 1,  # what eleven octal digits hold: 8 GiB
}
_ROOT_CAP, _MIGRATION_CAP = 256 << 10, 16 << 20
_FIXED = (TIMESTAMP, SNAPSHOT, TARGETS, RELEASE, MANIFEST)


class Source(Protocol):
    """What `agent.host.opened` gives; reading past the end raises FileFailure."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Member:
    """One member: where its content lies."""

    name: str
    offset: int
    size: int


def header(name: str, size: int) -> bytes:
    """The one way to write a member's header: ustar (POSIX.1-1988), nobody's, of no time."""
    prefix, _, base = name.rpartition("/") if len(name) > 100 else ("", "", name)
    fields = (
        *(base.encode().ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0"),
        *(f"{size:011o}\0".encode(), b"00000000000\0", b" " * 8, b"0", bytes(100)),
        *(b"ustar\0", b"00", bytes(32), bytes(32), b"0000000\0", b"0000000\0"),
        *(prefix.encode().ljust(155, b"\0"), bytes(12)),
    )
    plain = b"".join(fields)
    return plain[:148] + f"{sum(plain):06o}\0 ".encode() + plain[156:]


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def read_index(source: Source) -> dict[str, Member]:
    """Every member by name, in order. Raises RefusedError `bundle-invalid`.

    Only headers are read, so it takes no longer for a large bundle.
    """
    try:
        found = {each.name: each for each in _members(source)}
    except FileFailure as failure:
        raise damaged(failure.why) from failure
    _check_order(list(found))
    return found


def _members(source: Source) -> Iterator[Member]:
    offset, before = 0, set[str]()
    while True:
        block = source.read_at(offset, BLOCK)
        if block == bytes(BLOCK):
            break
        member = _member(block, offset)
        if member.name in before:
            raise damaged(f"it holds {member.name} twice")
        if len(before) >= MOST_ROOTS + _MOST_SCRIPTS + len(CAPS):
            raise damaged("it has too many members")
        before.add(member.name)
        end = member.offset + member.size
        if end + len(padding(member.size)) + len(END) > source.size:
            raise damaged(f"it ends within {member.name}")
        if source.read_at(end, len(padding(member.size))) != padding(member.size):
            raise damaged(f"there is something behind {member.name}")
        yield member
        offset = end + len(padding(member.size))
    if source.size != offset + len(END) or source.read_at(offset, len(END)) != END:
        raise damaged("it does not end where it should")


def _member(block: bytes, offset: int) -> Member:
    try:
        base = block[:100].rstrip(b"\0").decode("ascii")
        prefix = block[345:500].rstrip(b"\0").decode("ascii")
        size = int(block[124:135].decode("ascii"), 8)
    except ValueError:
        raise damaged(f"what stands at byte {offset} is no header of a member") from None
    name = f"{prefix}/{base}" if prefix else base
    cap = cap_of(name)
    if cap is None:
        raise damaged(f"it has a member of a name that there is none of, at byte {offset}")
    if not 0 <= size <= cap:
        raise damaged(f"{name} says it has {size} bytes; {cap} are allowed")
    if header(name, size) != block:
        raise damaged(f"the header of {name} is not as it is written")
    return Member(name, offset + BLOCK, size)


def cap_of(name: str) -> int | None:
    """The most bytes that a member may have; None: there is no such member."""
    if _ROOT.fullmatch(name):
        return _ROOT_CAP
    if _MIGRATION.fullmatch(name):
        return _MIGRATION_CAP
    return CAPS.get(name)


def _check_order(names: list[str]) -> None:
    roots = sum(1 for name in names if _ROOT.fullmatch(name))
    scripts = sorted(name for name in names if name.startswith(MIGRATIONS))
    if names != order_of(roots, scripts) or not 1 <= roots <= MOST_ROOTS:
        raise damaged("a member is missing, or they stand in another order")


def order_of(roots: int, scripts: Iterable[str]) -> list[str]:
    """The names of all members, as they follow each other."""
    chain = [ROOTS.format(version) for version in range(1, roots + 1)]
    return [*chain, *_FIXED, *scripts, PAYLOAD]


def damaged(what: str) -> RefusedError:
    return RefusedError(
        "bundle-invalid",
        f"this is no release bundle, or it is damaged: {what}",
        hint="fetch it again, and compare its SHA-256 with the vendor's",
    )
