"""Putting a pair in place: written aside, verified, then one link flipped.

Owns `/etc/<app>/tls/NAME/<serial>/` and the links `current` and `previous`. A pair is never in use
half-written: `current` moves only after key and certificate were fsynced and proved, by a real TLS
handshake, to belong together. Refuses to make pairs and to reload services.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent.errors import MachineError
from agent.host import files, handshake, leftovers, trees
from agent.host.failures import FileFailure
from agent.tls.moment import Trust
from agent.tls.rights import FOLDER_MODE, PUBLIC_MODE, Ownership

CUSTOMER_MARK = "customer"  # a file beside a pair that the customer brought
CUSTOMER_PREFIX = "customer-"  # of its folder's name, so that the link tells even if it dangles
REQUEST = "request"  # folder with the key of a certificate that the customer was asked to bring
CURRENT, PREVIOUS = "current", "previous"
ORIGIN, LAST = "origin.json", "ca.pem"  # `LAST` is written last: a folder without it is half-made

KEPT = 2  # pairs besides the one in use, and as many of the customer's


class Origin(msgspec.Struct, frozen=True):
    """Who made a pair, and how far the clock was believed then.

    `provisional`: made for any clock, with dates to match, until there is one to believe.
    `fallback`: ours serves in place of an authority's, which did not come or was not asked yet.
    `authority`: the directory of the one that gave it.
    """

    by: Literal["caretaker", "customer", "acme"] = "caretaker"
    clock: Trust = "plausible"
    provisional: bool = False
    fallback: bool = False
    authority: str = ""


_OURS = Origin()


@dataclass(frozen=True, slots=True)
class Issued:
    """All that a pair's folder holds; `chain` begins with the certificate itself."""

    serial: str
    key: bytes
    certificate: bytes
    chain: bytes
    ca: bytes
    origin: Origin = _OURS

    def __repr__(self) -> str:
        return f"Issued(serial={self.serial}, origin={self.origin})"

    @property
    def folder(self) -> str:
        if self.origin.by != "customer":
            return self.serial
        # Serials of other authorities may meet, and a pair in use is never written to.
        content = hashlib.sha256(self.key + self.chain + self.ca).hexdigest()
        return f"{CUSTOMER_PREFIX}{self.serial}-{content[:8]}"


def write(home: Path, issued: Issued, ownership: Ownership, *, server_name: str) -> Path:
    """Write a pair below `home` and prove it; its folder, not yet in use.

    Raises FileFailure, and MachineError `certificate-invalid` if it fails its handshake.
    """
    files.ensure_folder(home, mode=FOLDER_MODE)
    folder = home / issued.folder
    if folder.name == _name_in_use(home):
        return folder
    trees.remove(folder)  # The same one, left half-made or brought before.
    _write(folder, issued, ownership)
    complaint = prove(folder, server_name)
    if complaint:
        trees.remove(folder)
        raise MachineError(
            "certificate-invalid",
            f"the new pair for {home.name} fails a TLS handshake with itself: {complaint}",
            hint=f"caretaker tls show {home.name}",
        )
    return folder


def _write(folder: Path, issued: Issued, ownership: Ownership) -> None:
    owner = ownership.owner and (0, 0)
    files.ensure_folder(folder, mode=FOLDER_MODE)
    key = folder / "key.pem"
    files.replace(key, issued.key, mode=ownership.key_mode, owner=ownership.owner)
    files.replace(folder / "cert.pem", issued.certificate, mode=PUBLIC_MODE, owner=owner)
    files.replace(folder / "chain.pem", issued.chain, mode=PUBLIC_MODE, owner=owner)
    if issued.origin.by == "customer":
        files.replace(folder / CUSTOMER_MARK, b"", mode=PUBLIC_MODE, owner=owner)
    origin = msgspec.json.encode(issued.origin) + b"\n"
    files.replace(folder / ORIGIN, origin, mode=PUBLIC_MODE, owner=owner)
    files.replace(folder / LAST, issued.ca, mode=PUBLIC_MODE, owner=owner)


def flip(home: Path, folder: str) -> str:
    """Make that pair the one in use, and the one before the previous; its name. FileFailure."""
    before = files.link_target(home / CURRENT)
    if before == folder:
        return files.link_target(home / PREVIOUS)
    if _is_child(before):
        files.replace_link(home / PREVIOUS, before)
    files.replace_link(home / CURRENT, folder)
    return before


def tidy(home: Path) -> list[Path]:
    """Remove what interrupted runs left, and old pairs beyond the kept; what went. FileFailure."""
    gone = half_made(home)
    for mine in (False, True):
        gone += _superseded(home, customers=mine)
    for folder in gone:
        trees.remove(folder)
    return gone


def half_made(home: Path) -> list[Path]:
    """Pairs that were being written when their writer died, and links never renamed."""
    current = _name_in_use(home)
    unfinished = [
        folder
        for folder in _folders(home)
        if folder.name != current and not (folder / LAST).exists()
    ]
    return unfinished + leftovers.find(home)


def _superseded(home: Path, *, customers: bool) -> list[Path]:
    previous, current = files.link_target(home / PREVIOUS), _name_in_use(home)
    spare = [
        folder
        for folder in _folders(home)
        if folder.name.startswith(CUSTOMER_PREFIX) is customers and (folder / LAST).exists()
        if folder.name != current
    ]
    # The newest by when they were written; where a clock stepped, another is kept, no worse.
    spare.sort(key=lambda each: (each.name == previous, each.stat().st_mtime), reverse=True)
    return spare[KEPT:]


def _folders(home: Path) -> list[Path]:
    """Those that hold a pair, or were to; a request (`tls csr`) is none."""
    found = sorted(home.iterdir()) if home.is_dir() else []
    return [
        each for each in found if each.is_dir() and not each.is_symlink() and each.name != REQUEST
    ]


def prove(folder: Path, server_name: str) -> str:
    """Why a client that trusts `ca.pem` refuses this pair, whatever the date; empty: it accepts."""
    try:
        handshake.with_itself(
            chain=folder / "chain.pem",
            key=folder / "key.pem",
            ca=folder / "ca.pem",
            server_name=server_name,
        )
    except (ssl.SSLError, OSError) as error:
        return str(error)
    return ""


def origin_of(folder: Path) -> Origin:
    """Who made a pair; ours under a plausible clock where nothing is noted."""
    if (folder / CUSTOMER_MARK).exists() or folder.name.startswith(CUSTOMER_PREFIX):
        return Origin(by="customer")
    try:
        return msgspec.json.decode(files.read_bytes(folder / ORIGIN, cap=4096), type=Origin)
    except (FileNotFoundError, FileFailure, msgspec.DecodeError):
        return Origin()


def _name_in_use(home: Path) -> str:
    """Compared by name: on the way to `home` may stand a link of the operator's."""
    return files.link_target(home / CURRENT)


def in_use(home: Path) -> Path | None:
    """The folder that `current` names; None where there is none."""
    current = home / CURRENT
    return current.resolve() if current.is_dir() else None


def previous_of(home: Path) -> str:
    """The name of the pair that was in use before; empty where it is gone."""
    name = files.link_target(home / PREVIOUS)
    return name if _is_child(name) and (home / name).is_dir() else ""


def brought_by_customer(home: Path) -> bool:
    """Whether the pair in use is the customer's own, which nothing of ours overwrites.

    So is a link that somebody pointed elsewhere, as to certbot's `live`.
    """
    target = files.link_target(home / CURRENT)
    if not target:
        return (home / CURRENT).exists()  # A folder or file in the link's place is not ours.
    named = target.startswith(CUSTOMER_PREFIX) or not _is_child(target)
    return named or (home / CURRENT / CUSTOMER_MARK).exists()


def _is_child(target: str) -> bool:
    return bool(target) and "/" not in target and target not in (".", "..")
