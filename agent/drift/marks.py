"""Knowing a secret of the image again on an instance, without keeping it.

Owns the marks: scrypt (RFC 7914) with a salt, slow on purpose, since the record is readable and a
vendor's default may be guessed. Refuses to store or to show a value.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from pathlib import Path

from agent.drift.image import Image, SecretMark
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout

_CAP = 64 << 10  # bytes
_COST = 1 << 14  # 16 MB and some 40 ms a value


def secrets_of(layout: Layout) -> dict[str, bytes]:
    """Every secret there is, by name; the key of the own authority is one. Needs root on a VM."""
    found = {}
    for name, path in _places(layout):
        try:
            found[name] = files.read_bytes(path, cap=_CAP).strip()
        except (FileNotFoundError, FileFailure):
            continue
    return {name: value for name, value in found.items() if value}


def marks_of(layout: Layout) -> dict[str, SecretMark]:
    """A mark of each secret, for the image's record."""
    return {name: mark(value) for name, value in secrets_of(layout).items()}


def mark(value: bytes) -> SecretMark:
    salt = os.urandom(16)
    return SecretMark(salt.hex(), _digest(value, salt).hex())


def is_same(value: bytes, known: SecretMark) -> bool:
    """Whether this is the value the mark was made of. A mark that is none matches nothing."""
    try:
        salt, digest = bytes.fromhex(known.salt), bytes.fromhex(known.digest)
    except ValueError:
        return False
    return hmac.compare_digest(_digest(value, salt), digest)


def machine_of(layout: Layout) -> str:
    """Which machine this is: a digest, since machine-id(5) is not to be handed about."""
    try:
        told = files.read_bytes(layout.root / "etc/machine-id", cap=_CAP).strip()
    except (FileNotFoundError, FileFailure):
        return ""
    return hashlib.sha256(b"caretaker image " + told).hexdigest() if len(told) == 32 else ""


def of_the_image(layout: Layout, image: Image) -> list[str]:
    """Names of secrets whose value is the one that stood in the image under that name.

    None on the machine that the record was made on: there they were made, for it alone.
    """
    if image.machine == machine_of(layout):
        return []
    return [
        name
        for name, value in secrets_of(layout).items()
        if name in image.secrets and is_same(value, image.secrets[name])
    ]


def _digest(value: bytes, salt: bytes) -> bytes:
    return hashlib.scrypt(value, salt=salt, n=_COST, r=8, p=1, maxmem=64 << 20, dklen=32)


def _places(layout: Layout) -> Iterator[tuple[str, Path]]:
    try:
        names = sorted(entry.name for entry in os.scandir(layout.secrets))
    except OSError:
        names = []
    for name in names:
        if not name.startswith("."):
            yield name, layout.secrets / name
    yield "certificate authority", layout.tls / "authority/authority.pem"
