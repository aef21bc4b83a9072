"""This machine's own key, and what it says about a manifest.

Owns making the key once, the form of `manifest.sig`, and checking it. The key says "from this
machine, and unchanged since"; whose machine that is, a fingerprint told by another way must say.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent.errors import MachineError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout

_CAP = 16 << 10
_CONTEXT = b"caretaker support bundle 1\0"  # so that a signature serves no other end


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of manifest.sig. `key` and `signature` are base64."""

    algorithm: str
    key: str
    fingerprint: str
    signature: str


class Signer:
    """The key in use."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = key.public_key().public_bytes_raw()
        self.fingerprint = fingerprint(self._public)

    def sign(self, content: bytes) -> bytes:
        """What stands in manifest.sig for these bytes of manifest.json."""
        said = Signature(
            algorithm="ed25519",
            key=base64.b64encode(self._public).decode(),
            fingerprint=self.fingerprint,
            signature=base64.b64encode(self._key.sign(_CONTEXT + content)).decode(),
        )
        return msgspec.json.format(msgspec.json.encode(said), indent=1) + b"\n"


def signer(layout: Layout) -> Signer:
    """With the key of this machine, made on first use (0600). Raises MachineError."""
    path = layout.signing_key
    try:
        content = files.read_bytes(path, cap=_CAP)
    except FileNotFoundError:
        return Signer(_made(layout))
    except FileFailure as error:
        raise _unusable(layout, str(error)) from error
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except ValueError as error:
        raise _unusable(layout, f"{path} is no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(layout, f"{path} is a key of another kind")
    return Signer(key)


def fresh() -> Signer:
    """With a key for this once: a machine whose disk takes no new file."""
    return Signer(Ed25519PrivateKey.generate())


def checked(content: bytes, signature: bytes) -> str:
    """The fingerprint of the key that signed these bytes. ValueError says what is wrong."""
    try:
        said = msgspec.json.decode(signature, type=Signature)
        public = base64.b64decode(said.key, validate=True)
        mark = base64.b64decode(said.signature, validate=True)
        if said.algorithm != "ed25519":
            raise ValueError("the signature is of another kind")
        Ed25519PublicKey.from_public_bytes(public).verify(mark, _CONTEXT + content)
    except (msgspec.MsgspecError, binascii.Error) as error:
        raise ValueError("the signature makes no sense") from error
    except InvalidSignature as error:
        raise ValueError("the signature is not one of this manifest") from error
    return fingerprint(public)


def fingerprint(public: bytes) -> str:
    return "SHA256:" + hashlib.sha256(public).hexdigest()


def _made(layout: Layout) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        files.ensure_folder(layout.support_state, mode=0o700)
        files.replace(layout.signing_key, content, mode=0o600)
    except FileFailure as error:
        raise _unusable(layout, str(error)) from error
    return key


def _unusable(layout: Layout, why: str) -> MachineError:
    return MachineError(
        "support-failed",
        f"this machine's key for support bundles can't be used: {why}",
        hint=f"sudo rm {layout.signing_key}  # a new one is made; tell the vendor its fingerprint",
    )
