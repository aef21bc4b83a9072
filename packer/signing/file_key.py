"""A signing key in a PEM file, sealed with a passphrase or not.

Owns reading and making it. Refuses a file that others may read, kinds other than ECDSA P-256 and
Ed25519, and to ask for a passphrase: whoever calls hands in how.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.errors import MachineError
from agent.host import confidential, files, open_new
from agent.host.failures import FileFailure
from packer.doors import writable
from packer.signing import public_key
from packer.signing.public_key import PublicKey, invalid
from packer.signing.signer import Algorithm

Ask = Callable[[str], bytes]
"""Answers a passphrase or PIN; it is told of what."""

_CAP = 16 << 10
_OPTION = "--passphrase-file FILE"
_PRIVATE = "give the private half; who signs has it"


@dataclass(frozen=True, slots=True)
class FileKey:
    """A private key in this process's memory."""

    private: EllipticCurvePrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> Algorithm:
        return "ed25519" if isinstance(self.private, Ed25519PrivateKey) else "ecdsa-p256-sha256"

    @property
    def public(self) -> PublicKey:
        return self.private.public_key()

    def sign(self, message: bytes | memoryview) -> bytes:
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(bytes(message), public_key.PREHASHED)


def nobody_asks(what: str) -> bytes:
    """Where there is nobody to be asked."""
    raise invalid(f"{what} is sealed with a passphrase", _OPTION)


def open_key(path: Path, ask: Ask = nobody_asks) -> FileKey:
    """The key in a file of ours that nobody else may read. Raises ManifestError `key-invalid`,
    MachineError `file-unsafe`."""
    try:
        content = confidential.read(path, cap=_CAP)
    except FileNotFoundError:
        raise invalid(f"there is no key {path}", f"caretaker image key new {path}") from None
    except FileFailure as failure:
        if _is_public(path):
            raise invalid(f"{path}: it is a public key", _PRIVATE) from failure
        hint = f"chmod 600 {path}" if "others may" in failure.why else f"ls -ld {path}"
        raise MachineError("file-unsafe", str(failure), hint=hint) from failure
    # Both ways in which OpenSSL seals: PKCS #8, and the older header of RFC 1421.
    sealed = b"ENCRYPTED" in content
    passphrase = ask(f"the key {path}") if sealed else None
    try:
        private = serialization.load_pem_private_key(content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "the passphrase does not open it" if sealed else "it is no PEM private key"
        hint = _OPTION if sealed else "caretaker image key new release.key"
        if b"PUBLIC KEY" in content:
            why, hint = "it is a public key", _PRIVATE
        raise invalid(f"{path}: {why}", hint) from error
    public_key.accepted(private.public_key(), str(path))
    assert isinstance(private, EllipticCurvePrivateKey | Ed25519PrivateKey)
    return FileKey(private)


def make(path: Path, algorithm: Algorithm, passphrase: bytes | None) -> FileKey:
    """A new key in a new file, 0600, its public half beside it in `.pub`. Raises MachineError."""
    made: EllipticCurvePrivateKey | Ed25519PrivateKey
    if algorithm == "ed25519":
        made = Ed25519PrivateKey.generate()
    else:
        made = ec.generate_private_key(ec.SECP256R1())
    seal: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        seal = serialization.BestAvailableEncryption(passphrase)
    content = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, seal
    )
    public = public_half(path)
    for each in (path, public):
        if each.is_symlink() or each.exists():
            raise MachineError("file-unwritable", f"{each} is there already; no key is replaced",
                               hint=f"name another file, or look at it: ls -l {each}")  # fmt: skip
    with writable(path):
        open_new.write(path, content, mode=0o600)
        try:
            open_new.write(public, public_key.pem(made.public_key()), mode=0o644)
        except FileFailure:  # half a pair is none, and the next try would stumble over it
            files.remove(path)
            raise
    return FileKey(made)


def _is_public(path: Path) -> bool:
    try:
        return b"BEGIN PUBLIC KEY" in files.read_bytes(path, cap=_CAP)
    except (OSError, FileFailure):
        return False


def public_half(path: Path) -> Path:
    """`release.key` → `release.pub`, `release.pem` → `release.pem.pub`."""
    return path.with_suffix(".pub") if path.suffix == ".key" else Path(f"{path}.pub")
