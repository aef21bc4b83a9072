"""Putting a pair in place: written aside, verified, then one link flipped.

Owns `/etc/<app>/tls/NAME/<serial>/` and the link `current`. A pair is never in use half-written:
`current` moves only after key and certificate were fsynced and proved, by a real TLS handshake,
to belong together. The pair before stays on disk. Refuses to make pairs and to reload services.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import files, handshake
from agent.tls.authority import Pair

CUSTOMER_MARK = "customer"  # a file beside a pair that the customer brought


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who may read a pair: (uid, gid) of the key; None leaves it to the caller's user."""

    owner: tuple[int, int] | None = None
    key_mode: int = 0o640


OURS_ALONE = Ownership(key_mode=0o600)


def place(
    home: Path, pair: Pair, authority: bytes, ownership: Ownership, *, server_name: str
) -> Path:
    """Put a pair below `home` and flip `current` to it; the new folder.

    Raises FileFailure, and MachineError `certificate-invalid` if the pair fails its handshake;
    the old pair stays in use then.
    """
    files.ensure_folder(home, mode=0o755)
    folder = home / pair.serial
    files.ensure_folder(folder, mode=0o755)
    files.replace(folder / "key.pem", pair.key, mode=ownership.key_mode, owner=ownership.owner)
    files.replace(folder / "cert.pem", pair.certificate, mode=0o644)
    files.replace(folder / "chain.pem", pair.certificate + authority, mode=0o644)
    files.replace(folder / "ca.pem", authority, mode=0o644)
    complaint = prove(folder, server_name)
    if complaint:
        raise MachineError(
            "certificate-invalid",
            f"the new pair in {folder} fails a TLS handshake with itself: {complaint}",
            hint="date  # a clock far off makes new certificates not yet valid",
        )
    files.replace_link(home / "current", pair.serial)
    return folder


def prove(folder: Path, server_name: str) -> str:
    """Why a client that trusts `ca.pem` refuses this pair; empty where it accepts it."""
    try:
        handshake.with_itself(
            chain=folder / "chain.pem", key=folder / "key.pem", ca=folder / "ca.pem",
            server_name=server_name,
        )  # fmt: skip
    except (ssl.SSLError, OSError) as error:
        return str(error)
    return ""


def names_of_machine(
    host_name: str, addresses: Sequence[str], declared: Sequence[str]
) -> list[str]:
    """What a certificate should be valid for, most particular first, each once."""
    wanted = [*declared, host_name, "localhost", *addresses, "127.0.0.1", "::1"]
    return list(dict.fromkeys(name for name in wanted if _can_be_named(name)))


def _can_be_named(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name).is_link_local
    except ValueError:
        return bool(name) and "_" not in name and len(name) <= 253


def in_use(home: Path) -> Path | None:
    """The folder that `current` names; None where there is none yet."""
    current = home / "current"
    return current.resolve() if (current / "cert.pem").exists() else None


def brought_by_customer(home: Path) -> bool:
    """Whether the pair in use is the customer's own, which nothing of ours overwrites."""
    return (home / "current" / CUSTOMER_MARK).exists()
