"""What a customer brings, made into a pair or refused with the reason, before anything is touched.

Owns reading PEM and PKCS#12, finding the certificate that belongs to the key, and putting the chain
into its order. Servers send what stands in `chain.pem`, so a wrong order or a missing link is the
customer's next support call. Refuses files: bytes in, a pair out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from agent.errors import RefusedError
from agent.tls import reading
from agent.tls.placing import Issued, Origin

_CHAIN = 10  # links; real chains have three
_BLOCKS = 50  # certificates of a file that are looked at
_ENCRYPTED = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")


@dataclass(frozen=True, slots=True)
class Brought:
    """A key, its certificate, those above it in their order, and those that belong nowhere.

    `root` is the self-signed one at the top; None where the chain ends below it.
    """

    key: reading.PrivateKey
    leaf: x509.Certificate
    above: tuple[x509.Certificate, ...]
    root: x509.Certificate | None
    spare: int

    def __repr__(self) -> str:
        return f"Brought(serial={reading.serial_of(self.leaf)})"

    def issued(self) -> Issued:
        top = self.root or (self.above[-1] if self.above else self.leaf)
        return Issued(
            serial=reading.serial_of(self.leaf),
            key=reading.pem_of_key(self.key),
            certificate=reading.pem_of(self.leaf),
            chain=reading.pem_of(self.leaf, *self.above),
            ca=reading.pem_of(top),
            origin=Origin(by="customer"),
        )


def from_pem(
    certificate: bytes, key: bytes, chain: bytes = b"", known: Sequence[x509.Certificate] = ()
) -> Brought:
    """A pair from PEM, in whatever order. `known` are roots the machine trusts. RefusedError."""
    found = _certificates(certificate, "the certificate's file")
    if chain:
        found += _certificates(chain, "the chain's file")
    return _assembled(_key(key), found, known)


def from_pkcs12(
    content: bytes, password: bytes | None, known: Sequence[x509.Certificate] = ()
) -> Brought:
    """A pair from a PKCS#12 file. RefusedError."""
    try:
        key, leaf, others = pkcs12.load_key_and_certificates(content, password)
        for each in [*([leaf] if leaf else []), *others]:
            reading.parsed(each)
    except reading.UNPARSED as error:
        raise _refused(
            f"the PKCS#12 file can't be opened: {_words(error)}",
            hint="openssl pkcs12 -in FILE -info -noout  # asks for its password",
        ) from error
    if not isinstance(key, reading.PrivateKey):
        raise _refused("the PKCS#12 file holds no private key that servers use")
    return _assembled(key, [*([leaf] if leaf else []), *others], known)


def _certificates(content: bytes, where: str) -> list[x509.Certificate]:
    try:
        return reading.certificates_in(content)[:_BLOCKS]
    except reading.UNPARSED as error:
        told = "is DER, not PEM" if content[:1] == b"\x30" else "holds no certificate"
        raise _refused(
            f"{where} {told} that can be read",
            hint="openssl x509 -in FILE -inform DER -out FILE.pem",
        ) from error


def _key(content: bytes) -> reading.PrivateKey:
    if any(mark in content for mark in _ENCRYPTED):
        raise _refused(
            "the key is encrypted; a server starts with nobody there to type its password",
            hint="openssl pkey -in KEY -out KEY.plain  # asks for the password; then import that",
        )
    try:
        return reading.key_in(content)
    except reading.UNPARSED as error:
        raise _refused(
            f"the key's file holds no private key that can be read: {_words(error)}",
            hint="openssl pkey -in KEY -noout -text  # says what it is",
        ) from error


def _words(error: BaseException) -> str:
    """The library's reason in one line; some of its errors hold pages."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


def _assembled(
    key: reading.PrivateKey, found: list[x509.Certificate], known: Sequence[x509.Certificate]
) -> Brought:
    try:
        mine = [each for each in found if reading.belong_together(key, each)]
    except reading.UNPARSED as error:
        raise _refused(f"a certificate has a key of an unknown kind: {_words(error)}") from error
    if not mine:
        raise _refused(
            "the key belongs to none of the certificates",
            hint="openssl x509 -in CERT -noout -pubkey; openssl pkey -in KEY -pubout  # must agree",
        )
    # A renewed certificate for the same key may lie beside the old one.
    leaf = max(mine, key=lambda each: each.not_valid_after_utc)
    above, root = _chained(leaf, [each for each in found if each not in mine], known)
    used = len(above) + len(mine) + (root is not None and root in found and root is not leaf)
    return Brought(key, leaf, tuple(above), root, max(0, len(found) - used))


def _chained(
    leaf: x509.Certificate, others: list[x509.Certificate], known: Sequence[x509.Certificate]
) -> tuple[list[x509.Certificate], x509.Certificate | None]:
    """The certificates above, each signed by the next, and the root where it is known."""
    above: list[x509.Certificate] = []
    below = leaf
    while len(above) < _CHAIN:
        if _is_root(below):
            return (above[:-1], below) if above else ([], below)
        issuer = next((each for each in others if reading.signed_by(below, each)), None)
        if issuer is None:
            break
        others = [each for each in others if each != issuer]
        above.append(issuer)
        below = issuer
    root = next((each for each in known if reading.signed_by(below, each)), None)
    return above, root


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject and reading.signed_by(certificate, certificate)


def usage_complaint(leaf: x509.Certificate) -> str:
    """Why a certificate is not for a server; empty where it is."""
    try:
        basic = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        if basic.ca and not _is_root(leaf):
            return "it is an authority's certificate, not a server's"
    except x509.ExtensionNotFound:
        pass
    except reading.UNPARSED as error:
        return f"its extensions can't be read: {_words(error)}"
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    wanted = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    return "" if any(each in purposes for each in wanted) else "it is not meant for servers"


def _refused(message: str, *, hint: str = "") -> RefusedError:
    return RefusedError("certificate-invalid", message, hint=hint)
