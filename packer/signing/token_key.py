"""A signing key in a hardware token (or SoftHSM), named as RFC 7512 names it.

Owns that URI and the session. Refuses a PIN inside the URI, where every user of the machine sees
it in the list of processes, and a token that is not told exactly by the URI.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, Key, Mechanism, ObjectClass, PKCS11Error, Session, SignMixin

from agent.errors import MachineError
from agent.host import confidential
from agent.host.failures import FileFailure
from packer.signing.file_key import Ask
from packer.signing.public_key import PublicKey, invalid
from packer.signing.signer import Algorithm

SCHEME = "pkcs11:"
_EXAMPLE = "pkcs11:token=NAME;object=KEY?module-path=/usr/lib/…/libsofthsm2.so&pin-source=FILE"
_KNOWN = {"token", "object", "id", "type", "module-path", "pin-source"}
_WORDS = {
    "PinIncorrect": "the PIN is wrong; most tokens lock themselves after a few of those",
    "PinLocked": "its PIN is locked",
    "NoSuchToken": "there is no such token here",
    "MultipleTokensReturned": "there are several of that name",
    "NoSuchKey": "it holds no such key",
    "MultipleObjectsReturned": "it holds several keys of that name",
}
_POINT = 65  # bytes of a point on P-256, not compressed (SEC 1, 2.3.3)


@dataclass(frozen=True, slots=True)
class Place:
    """What the URI tells: the library, the token, the key by label or by id."""

    module: str
    token: str
    label: str
    id: bytes
    pin_source: str


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that never leaves its token; a session for each signature."""

    place: Place
    public: PublicKey
    pin: str = field(repr=False)  # whatever writes this value down must not have it
    algorithm: Algorithm = "ecdsa-p256-sha256"

    def sign(self, message: bytes | memoryview) -> bytes:
        with _session(self.place, self.pin) as session:
            key = _key(session, ObjectClass.PRIVATE_KEY, self.place)
            assert isinstance(key, SignMixin)
            raw = bytes(key.sign(bytes(message), mechanism=Mechanism.ECDSA))
        half = len(raw) // 2  # r and s side by side (PKCS #11 v3.0, 2.3.1)
        return encode_dss_signature(
            int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
        )


def parse(uri: str) -> Place:
    """Raises ManifestError `key-invalid`."""
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    parts: dict[str, str] = {}
    for word in [*path.split(";"), *query.split("&")]:
        name, equals, value = word.partition("=")
        if word and (not equals or name not in _KNOWN or name in parts):
            raise invalid(f"{name!r} does not belong into the URI of a key", _EXAMPLE)
        parts[name] = value
    if not parts.get("token") or not (parts.get("object") or parts.get("id")):
        raise invalid("the URI of a key names its token, and the key by object or id", _EXAMPLE)
    module = unquote(parts.get("module-path", ""))
    if not module.startswith("/"):
        raise invalid("the URI of a key names its library by module-path, absolute", _EXAMPLE)
    source = unquote(parts.get("pin-source", "")).removeprefix("file:")
    return Place(module, unquote(parts["token"]), unquote(parts.get("object", "")),
                 unquote_to_bytes(parts.get("id", "")), source)  # fmt: skip


def open_token(uri: str, ask: Ask) -> TokenKey:
    """The key that the URI names, its public half read from the token. Raises CaretakerError."""
    place = parse(uri)
    pin = _pin(place, ask)
    with _session(place, pin) as session:
        found = _key(session, ObjectClass.PUBLIC_KEY, place)
        point = bytes(found[Attribute.EC_POINT])
    try:
        # An OCTET STRING around the point (PKCS #11 v3.0, 2.3.3).
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point[-_POINT:])
    except ValueError as error:
        raise invalid(
            f"the key in the token {place.token} is not on P-256",
            "pkcs11-tool --keypairgen --key-type EC:prime256v1",
        ) from error
    return TokenKey(place, public, pin)


def _pin(place: Place, ask: Ask) -> str:
    if not place.pin_source:
        return ask(f"the token {place.token}").decode(errors="replace")
    try:
        content = confidential.read(Path(place.pin_source), cap=4096)
    except FileNotFoundError:
        raise invalid(f"there is no {place.pin_source}", "ls -l") from None
    except FileFailure as failure:
        hint = f"chmod 600 {place.pin_source}"
        raise MachineError("file-unsafe", str(failure), hint=hint) from failure
    return content.partition(b"\n")[0].decode(errors="replace")  # then it is a wrong PIN


def _key(session: Session, kind: ObjectClass, place: Place) -> Key:
    return session.get_key(object_class=kind, label=place.label or None, id=place.id or None)


@contextmanager
def _session(place: Place, pin: str) -> Iterator[Session]:
    try:
        with (
            pkcs11.lib(place.module)
            .get_token(token_label=place.token)
            .open(user_pin=pin) as session
        ):
            yield session
    except (PKCS11Error, RuntimeError) as error:
        # Its exceptions often have no words, and the name of the class says it all.
        name = type(error).__name__
        why = _WORDS.get(name) or f"it did not sign: {name} {error}".strip()
        hint = f"pkcs11-tool --module {place.module} --list-token-slots"
        if name == "NoSuchKey":
            hint = f"pkcs11-tool --module {place.module} --token-label {place.token} --list-objects"
        if not Path(place.module).is_file():
            why, hint = f"there is no library {place.module}", f"ls -ld {place.module}"
        raise MachineError("key-invalid", f"the token {place.token}: {why}", hint=hint) from error
