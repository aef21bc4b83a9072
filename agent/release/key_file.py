"""One signing key at rest: ed25519, sealed with a passphrase.

Owns the file's format: JSON, so that a person sees what it is; the key inside under
ChaCha20-Poly1305 with a key that scrypt makes of the passphrase (RFC 7914, RFC 8439), since PKCS #8
as OpenSSL writes it lets a graphics card try passphrases a thousand times faster. Refuses to keep
an unsealed key, and to ask for passphrases.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Struct
from securesystemslib.signer import CryptoSigner, SSlibKey

from agent.errors import ManifestError

# 64 MiB and a quarter of a second for each try (RFC 7914, section 2, on N, r and p).
COST = 16
_BLOCK, _LANES = 8, 1
_HIGHEST_COST = 20  # a file from elsewhere may not ask for more than 1 GiB
CAP = 16 << 10  # bytes of the file


class KeyFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands in NAME.key. Bytes are Base64; `cost` is the binary logarithm of scrypt's N."""

    format: int = 1
    role: str
    keyid: str
    public: bytes
    cost: int
    salt: bytes
    nonce: bytes
    sealed: bytes

    @property
    def name(self) -> str:
        """Its file, as the folder of keys has it."""
        return f"{self.role}-{self.keyid[:12]}.key"


def make(role: str, passphrase: bytes) -> tuple[KeyFile, CryptoSigner]:
    """A new key, and its file."""
    private = Ed25519PrivateKey.generate()
    signer = CryptoSigner(private)
    salt, nonce, public = os.urandom(16), os.urandom(12), private.public_key().public_bytes_raw()
    box = ChaCha20Poly1305(_derived(passphrase, salt, COST))
    sealed = box.encrypt(nonce, private.private_bytes_raw(), public)
    file = KeyFile(role=role, keyid=signer.public_key.keyid, public=public, cost=COST, salt=salt,
                   nonce=nonce, sealed=sealed)  # fmt: skip
    return file, signer


def unseal(file: KeyFile, passphrases: Sequence[bytes]) -> CryptoSigner:
    """The key, by the first passphrase that fits. Raises ManifestError where none does."""
    for passphrase in passphrases:
        box = ChaCha20Poly1305(_derived(passphrase, file.salt, file.cost))
        try:
            private = Ed25519PrivateKey.from_private_bytes(
                box.decrypt(file.nonce, file.sealed, file.public)
            )
        except InvalidTag:
            continue
        return CryptoSigner(private)
    raise ManifestError(
        "key-invalid",
        f"the passphrase does not open the key {file.name}",
        hint="give the one it was made with: --passphrase-file FILE",
    )


def read(content: bytes, name: str) -> KeyFile:
    """What a file holds. Raises ManifestError `key-invalid`."""
    try:
        file = msgspec.json.decode(content, type=KeyFile)
        public = SSlibKey.from_crypto(_public(file.public))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise _invalid(name, str(error)) from error
    if file.format != 1 or not 10 <= file.cost <= _HIGHEST_COST or len(file.nonce) != 12:
        raise _invalid(name, "it is of another kind, or damaged")
    if public.keyid != file.keyid:
        raise _invalid(name, "it names another key than it holds")
    return file


def write(file: KeyFile) -> bytes:
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"


def _public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


def _derived(passphrase: bytes, salt: bytes, cost: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << cost, r=_BLOCK, p=_LANES).derive(passphrase)


def _invalid(name: str, why: str) -> ManifestError:
    return ManifestError("key-invalid", f"{name} is no signing key: {why}",
                         hint="caretaker release keys show KEYS")  # fmt: skip
