"""Who signs: a key in a file, in a token, or at a service, behind one small door.

Owns the protocol and the check after every signature. Refuses to know where a key lives.
"""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol

from agent.errors import MachineError
from packer.signing import public_key
from packer.signing.public_key import PublicKey

Algorithm = Literal["ecdsa-p256-sha256", "ed25519"]


class Signer(Protocol):
    """`sign` of ECDSA is given the SHA-256 of the content (32 bytes) and answers in DER; of
    Ed25519 the content itself, since that scheme reads it twice (RFC 8032, 5.1.6), and answers
    64 bytes. Raises CaretakerError."""

    @property
    def algorithm(self) -> Algorithm: ...

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes | memoryview) -> bytes: ...


def signature_of(signer: Signer, content: bytes | memoryview, digest: bytes = b"") -> bytes:
    """A signature over the content, which the signer's own public key was seen to accept.

    `digest` is the SHA-256 where it is known already. A token with another key under that name,
    or a service that hashes once more, is noticed here and not by customers. Raises MachineError
    `signature-invalid`.
    """
    if signer.algorithm == "ed25519":
        message: bytes | memoryview = content
    else:
        message = digest or hashlib.sha256(content).digest()
    made = signer.sign(message)
    if not public_key.accepts(signer.public, message, made):
        raise MachineError(
            "signature-invalid",
            f"the key {public_key.name(signer.public)} made a signature that does not fit it",
            hint="look whether the public key belongs to the private one: openssl pkey -pubout",
        )
    return made
