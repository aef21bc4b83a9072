"""Keys and certificates, read: from PEM as people keep them, into what rules ask about.

Owns parsing, weakness, names and whether a key and a certificate belong together. Bytes in, facts
out; refuses files, dates and clocks. Imports `cryptography`, which costs 16 MB, so the daemon
never imports this module.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.verification import VerificationError

# What no browser and no OpenSSL of today accepts from a server (CA/Browser Forum, baseline
# requirements, section 6.1.5 and 7.1.3).
_RSA_BITS = 2048
_EC_BITS = 224
_WEAK_HASHES = ("md5", "sha1")

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey | dsa.DSAPrivateKey
)  # fmt: skip

# All that parsers of the library raise for bytes that are not what they should be.
UNPARSED = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm, VerificationError),
    *(x509.DuplicateExtension, x509.InvalidVersion),
)


def certificates_in(content: bytes) -> list[x509.Certificate]:
    """All of a PEM file, in its order. Raises one of UNPARSED where there is none."""
    found = x509.load_pem_x509_certificates(content)
    for each in found:
        parsed(each)
    return found


def parsed(certificate: x509.Certificate) -> tuple[object, ...]:
    """The library parses a part when it is asked for; a broken one must show here, not later."""
    return (
        *(certificate.subject, certificate.issuer),
        *(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        *(certificate.signature_hash_algorithm, public_bytes(certificate.public_key())),
    )


def key_in(content: bytes, password: bytes | None = None) -> PrivateKey:
    """The private key of a PEM file: PKCS#8, PKCS#1 or SEC 1. Raises one of UNPARSED."""
    key = serialization.load_pem_private_key(content, password=password)
    if not isinstance(key, PrivateKey):
        raise ValueError("a key of a kind that servers do not use")
    return key


def weakness(certificate: x509.Certificate) -> str:
    """Why nobody should rely on it; empty where it is strong enough."""
    weak = weak_key(certificate.public_key())
    if weak:
        return weak
    signed = certificate.signature_hash_algorithm  # None for Ed25519, which hashes by itself
    # Whoever trusts a root trusts it by its bytes; nobody verifies its signature on itself.
    if (
        signed is not None
        and signed.name in _WEAK_HASHES
        and certificate.issuer != certificate.subject
    ):
        return f"a signature with {signed.name.upper()}"
    return ""


def weak_key(key: object) -> str:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS:
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS:
        return f"an elliptic key of {key.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey):
        return "a DSA key"
    return ""


def roots_in(content: bytes) -> list[x509.Certificate]:
    """A system's trusted certificates. Not parsed further: among many, some are odd."""
    return x509.load_pem_x509_certificates(content)


def kind_of_key(key: object) -> str:
    """For people: `ECDSA secp256r1`, `RSA 3072`."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    return type(key).__name__.removesuffix("PublicKey")


def belong_together(key: PrivateKey, certificate: x509.Certificate) -> bool:
    return public_bytes(key.public_key()) == public_bytes(certificate.public_key())


def public_bytes(key: object) -> bytes:
    assert hasattr(key, "public_bytes")
    content: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return content


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNPARSED, InvalidSignature):
        return False
    return True


def names_in(certificate: x509.Certificate) -> list[str]:
    """The names and addresses of its SAN; nothing else counts for a server (RFC 6125)."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, *UNPARSED):
        return []
    return [
        str(each.value)
        for each in extension.value
        if isinstance(each, x509.DNSName | x509.IPAddress)
    ]


def pem_of_key(key: PrivateKey) -> bytes:
    """PKCS#8, not encrypted: a server starts with nobody there to type."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def pem_of(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def serial_of(certificate: x509.Certificate) -> str:
    return f"{certificate.serial_number:x}"
