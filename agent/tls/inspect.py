"""`python -I -m agent.tls.inspect CERTIFICATE [KEY [CHAIN]]`: what they say, as one JSON object.

Owns parsing certificates for the health check, in a process of its own that ends at once: the
library costs 16 MB, and a file from outside that breaks a parser must not break the daemon. A
certificate of `-` is read from standard input, in DER. Refuses to judge dates: the caller has the
clock. Never writes a key, or anything of one, anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from agent.host.failures import FileFailure
from agent.host.files import read_bytes
from agent.tls.facts import Facts, KeyState, One

_CAP = 1 << 20  # bytes of a file; a chain has some ten thousand
_CHAIN = 20  # certificates looked at; real chains have three

# What no browser and no OpenSSL of today accepts from a server (CA/Browser Forum, baseline
# requirements, section 6.1.5 and 7.1.3).
_RSA_BITS = 2048
_EC_BITS = 224
_WEAK_HASHES = ("md5", "sha1")


def inspect(
    content: bytes, key: Path | None = None, chain: Path | None = None, *, der: bool = False
) -> Facts:
    """Facts of the bytes of a certificate file, of the key that should be its own, and of the
    certificates above it."""
    if not content.strip():
        return Facts("empty")
    try:
        found = [x509.load_der_x509_certificate(content)] if der else _load(content)
        if chain is not None:
            found += _load(_read(chain))
        described = [_describe(each) for each in found[:_CHAIN]]
    except FileNotFoundError:
        return inspect(content, key)  # A chain is not everybody's.
    except (ValueError, UnsupportedAlgorithm, FileFailure):
        return Facts("no-certificate")
    state: KeyState = _key_state(key, found[0]) if key is not None else ""
    return Facts("", described[0], tuple(described[1:]), state)


def _load(content: bytes) -> list[x509.Certificate]:
    """All of them; ValueError where there is none."""
    return x509.load_pem_x509_certificates(content)


def _read(path: Path) -> bytes:
    """Raises FileNotFoundError and FileFailure.

    The last link is followed too: where it points is the operator's choice, and certbot's `live`
    holds nothing but links.
    """
    try:
        return read_bytes(path.resolve(strict=True), cap=_CAP)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise FileFailure(path, "read", "the way there is not open") from error


def _describe(certificate: x509.Certificate) -> One:
    return One(
        subject=certificate.subject.rfc4514_string()[:200],
        begins=certificate.not_valid_before_utc.timestamp(),
        ends=certificate.not_valid_after_utc.timestamp(),
        serial=f"{certificate.serial_number:x}",
        weak=_weakness(certificate),
    )


def _weakness(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _RSA_BITS:
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _EC_BITS:
        return f"an elliptic key of {key.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey):
        return "a DSA key"
    signed = certificate.signature_hash_algorithm  # None for Ed25519, which hashes by itself
    # Whoever trusts a root trusts it by its bytes; nobody verifies its signature on itself.
    if (
        signed is not None
        and signed.name in _WEAK_HASHES
        and certificate.issuer != certificate.subject
    ):
        return f"a signature with {signed.name.upper()}"
    return ""


def _key_state(path: Path, certificate: x509.Certificate) -> KeyState:
    try:
        content = _read(path)
    except FileNotFoundError:
        return "missing"
    except FileFailure:
        return "unreadable"  # Usual: the key is for root and the application, not for us.
    try:
        key = serialization.load_pem_private_key(content, password=None)
        ours, theirs = key.public_key(), certificate.public_key()
        return "matches" if _public(ours) == _public(theirs) else "differs"
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "no-key"


def _public(key: object) -> bytes:
    assert hasattr(key, "public_bytes")
    content: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return content


def main(argv: Sequence[str]) -> int:
    certificate, key, chain = (*argv, "", "")[:3]
    paths = (Path(key) if key else None, Path(chain) if chain else None)
    if certificate == "-":
        facts = inspect(sys.stdin.buffer.read(_CAP), *paths, der=True)
    else:
        try:
            facts = inspect(_read(Path(certificate)), *paths)
        except FileNotFoundError:
            facts = Facts("missing")
        except FileFailure:
            facts = Facts("unreadable")
    sys.stdout.write(msgspec.json.encode(facts).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
