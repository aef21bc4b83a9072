"""A signature in a file of its own, as `cosign verify-blob --key` and `openssl dgst` read it.

Owns that format: FILE.sig holds the signature in base64, one line, no newline (as cosign writes
it). A file is read in pieces for ECDSA and through a map for Ed25519, which signs the content and
not its digest: both within the memory of one piece, however large a disk is. Refuses a signature
that anything else made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path

from agent.errors import RefusedError
from agent.host import files, viewed
from agent.host.opened import open_once
from packer.doors import readable, writable
from packer.signing import public_key
from packer.signing.public_key import PublicKey
from packer.signing.signer import Signer, signature_of

_CAP = 4096  # bytes; a signature has about 96


def signature_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sig")


def sign_file(path: Path, signer: Signer) -> Path:
    """Sign the file as it stands; the signature's file. Raises CaretakerError."""
    with readable(path):
        if signer.algorithm == "ed25519":
            with viewed.whole(path) as content:
                made = signature_of(signer, content)
        else:
            made = signature_of(signer, b"", _digest(path))
    target = signature_path(path)
    with writable(target):
        files.replace(target, base64.b64encode(made))
    return target


def verify_file(path: Path, key: PublicKey, signature: Path | None = None) -> str:
    """The content's SHA-256, of which the key signed what it signs.

    Raises RefusedError `signature-invalid` where it did not.
    """
    where = signature or signature_path(path)
    with readable(path):
        if public_key.signs_content(key):
            with viewed.whole(path) as content:
                digest = hashlib.sha256(content).digest()
                good = public_key.accepts(key, content, _signature(where))
        else:
            digest = _digest(path)
            good = public_key.accepts(key, digest, _signature(where))
    if not good:
        raise refused(f"{path} does not fit {where.name} and the key {public_key.name(key)[:12]}")
    return digest.hex()


def refused(message: str) -> RefusedError:
    hint = "do not use it; get the file and its signature again from where they came"
    return RefusedError("signature-invalid", message, hint=hint)


def _signature(path: Path) -> bytes:
    with readable(path):
        try:
            content = files.read_bytes(path, cap=_CAP)
        except FileNotFoundError:
            raise refused(f"there is no signature {path}") from None
    try:
        return base64.b64decode(content.rstrip(b"\r\n"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refused(f"{path} is no signature in base64") from error


def _digest(path: Path) -> bytes:
    with open_once(path) as opened:
        return bytes.fromhex(opened.sha256(0, opened.size))
