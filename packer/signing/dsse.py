"""DSSE: a document and its signatures in one JSON file, its type signed with it.

Owns the envelope (DSSE v1.0.2, protocol.md and envelope.md). Refuses a payload of another type
than was asked for, and to give out a payload that no signature covers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated

import msgspec

from agent.errors import RefusedError
from packer.signing import public_key
from packer.signing.blob import refused
from packer.signing.public_key import PublicKey
from packer.signing.signer import Signer, signature_of

IN_TOTO = "application/vnd.in-toto+json"
CAP = 32 << 20  # bytes of an envelope; that of a large image has some hundred thousand
_MOST = 16  # signatures that are tried


class _Signature(msgspec.Struct, frozen=True):
    sig: str
    keyid: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    payload: str
    payloadType: str  # the specification's spelling
    signatures: Annotated[tuple[_Signature, ...], msgspec.Meta(max_length=_MOST)]


def seal(payload: bytes, kind: str, signer: Signer) -> bytes:
    """The envelope as JSON, one line. Raises CaretakerError."""
    made = signature_of(signer, authenticated(kind, payload))
    signature = _Signature(_text(made), public_key.name(signer.public))
    return msgspec.json.encode(_Envelope(_text(payload), kind, (signature,))) + b"\n"


def unseal(content: bytes, kind: str, key: PublicKey) -> bytes:
    """The payload, if the key signed it as of this type. Raises RefusedError `signature-invalid`.

    The key's id in the envelope is a hint of its maker and decides nothing.
    """
    envelope = _read(content)
    if envelope.payloadType != kind:
        raise refused(f"the envelope holds {envelope.payloadType[:80]!r}, not {kind!r}")
    payload = _bytes(envelope.payload)
    message = authenticated(kind, payload)
    if not public_key.signs_content(key):
        message = hashlib.sha256(message).digest()
    if any(public_key.accepts(key, message, _bytes(each.sig)) for each in envelope.signatures):
        return payload
    raise refused(f"no signature of the envelope is by the key {public_key.name(key)[:12]}")


def authenticated(kind: str, payload: bytes) -> bytes:
    """What is signed: lengths and all, so that type and payload can't be shifted (PAE)."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def _read(content: bytes) -> _Envelope:
    if len(content) > CAP:
        raise refused(f"the envelope has {len(content)} bytes; {CAP} are allowed")
    try:
        return msgspec.json.decode(content, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"it is no DSSE envelope: {error}") from error


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    """Either alphabet: the envelope's specification allows both."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unreadable() from error


def _unreadable() -> RefusedError:
    return refused("the envelope is damaged: what should be base64 is not")
