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

from agent.host.failures import FileFailure
from agent.host.files import read_bytes
from agent.tls import reading
from agent.tls.facts import Facts, KeyState, One
from agent.tls.placing import ORIGIN, origin_of

_CAP = 1 << 20  # bytes of a file; a chain has some ten thousand
_CHAIN = 20  # certificates looked at; real chains have three


def inspect(
    content: bytes, key: Path | None = None, chain: Path | None = None, *, der: bool = False
) -> Facts:
    """Facts of the bytes of a certificate file, of the key that should be its own, and of the
    certificates above it."""
    if not content.strip():
        return Facts("empty")
    try:
        found = (
            [x509.load_der_x509_certificate(content)] if der else reading.certificates_in(content)
        )
        if chain is not None:
            found += reading.certificates_in(_read(chain))
        described = [_describe(each) for each in found[:_CHAIN]]
    except FileNotFoundError:
        return inspect(content, key)  # A chain is not everybody's.
    except (*reading.UNPARSED, FileFailure):
        return Facts("no-certificate")
    state: KeyState = _key_state(key, found[0]) if key is not None else ""
    return Facts("", described[0], tuple(described[1:]), state)


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
        serial=reading.serial_of(certificate),
        weak=reading.weakness(certificate),
        names=tuple(reading.names_in(certificate)),
    )


def _key_state(path: Path, certificate: x509.Certificate) -> KeyState:
    try:
        content = _read(path)
    except FileNotFoundError:
        return "missing"
    except FileFailure:
        return "unreadable"  # Usual: the key is for root and the application, not for us.
    try:
        together = reading.belong_together(reading.key_in(content), certificate)
        return "matches" if together else "differs"
    except reading.UNPARSED:
        return "no-key"


def main(argv: Sequence[str]) -> int:
    certificate, key, chain = (*argv, "", "")[:3]
    paths = (Path(key) if key else None, Path(chain) if chain else None)
    if certificate == "-":
        facts = inspect(sys.stdin.buffer.read(_CAP), *paths, der=True)
    else:
        try:
            facts = inspect(_read(Path(certificate)), *paths)
            folder = Path(certificate).resolve().parent
            origin = origin_of(folder)
            ours = (folder / ORIGIN).exists() and origin.by == "caretaker"
            facts = msgspec.structs.replace(facts, ours=ours, fallback=origin.fallback)
        except FileNotFoundError:
            facts = Facts("missing")
        except FileFailure:
            facts = Facts("unreadable")
    sys.stdout.write(msgspec.json.encode(facts).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
