"""Public keys: read from PEM, named, and asked whether a signature is theirs.

Owns the two kinds that are taken: ECDSA on P-256, and Ed25519. Refuses every other: RSA of unknown
length, other curves, certificates.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from agent.errors import ManifestError
from agent.host import files
from agent.host.failures import FileFailure

PublicKey = EllipticCurvePublicKey | Ed25519PublicKey
PREHASHED = ec.ECDSA(Prehashed(hashes.SHA256()))
_CAP = 16 << 10  # bytes; a key in PEM has about 200


def read(path: Path) -> PublicKey:
    """The key in a PEM file. Raises ManifestError `key-invalid`."""
    try:
        content = files.read_bytes(path, cap=_CAP)
    except FileNotFoundError:
        raise invalid(f"there is no key {path}", f"ls -ld {path.parent}") from None
    except FileFailure as failure:
        raise invalid(str(failure), f"ls -l {path}") from failure
    return parsed(content, str(path))


def parsed(content: bytes, name: str) -> PublicKey:
    """The key in PEM; `name` is for messages. Raises ManifestError `key-invalid`."""
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"PRIVATE KEY" in content:
            hint = f"caretaker image key show {name} > release.pub"
            raise invalid(f"{name}: it is a private key", hint) from error
        hint = f"openssl pkey -pubin -in {name}"
        raise invalid(f"{name}: it is no PEM public key", hint) from error
    return accepted(key, name)


def accepted(key: object, name: str) -> PublicKey:
    """The key, if it is of a kind that is taken. Raises ManifestError `key-invalid`."""
    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise invalid(
        f"{name} is neither an ECDSA key on P-256 nor an Ed25519 key",
        "caretaker image key new release.key",
    )


def pem(key: PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def name(key: PublicKey) -> str:
    """SHA-256 of the key as DER (SubjectPublicKeyInfo): the same from whichever tool."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def signs_content(key: PublicKey) -> bool:
    """Whether the scheme takes the content itself (Ed25519) and not its SHA-256."""
    return isinstance(key, Ed25519PublicKey)


def accepts(key: PublicKey, message: bytes | memoryview, signature: bytes) -> bool:
    """`message` as a Signer is given it: of ECDSA the SHA-256, of Ed25519 the content."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, bytes(message), PREHASHED)
    except (InvalidSignature, ValueError):
        return False
    return True


def invalid(message: str, hint: str) -> ManifestError:
    return ManifestError("key-invalid", message, hint=hint)
