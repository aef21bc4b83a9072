"""A request for a certificate (PKCS#10): a key that never leaves the machine, and what to sign.

Owns `tls/NAME/request/`, where the key waits for its certificate. Refuses to send anything.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.host import files, trees
from agent.host.failures import FileFailure
from agent.tls import reading
from agent.tls.placing import REQUEST
from agent.tls.rights import FOLDER_MODE, KEY
from agent.tls.wanted import Wanted

_REQUEST = "request.pem"


def key_file(wanted: Wanted) -> Path:
    return wanted.home / REQUEST / KEY


def make_request(wanted: Wanted, names: Sequence[str], *, fresh: bool = False) -> bytes:
    """The request in PEM, by the key that waits; made where there is none, or a `fresh` is asked.

    Raises FileFailure.
    """
    files.ensure_folder(wanted.home, mode=FOLDER_MODE)
    files.ensure_folder(wanted.home / REQUEST, mode=0o700)
    key = None if fresh else _waiting(wanted)
    if key is None:
        key = ec.generate_private_key(ec.SECP256R1())
        ownership = wanted.ownership
        files.replace(
            key_file(wanted), reading.pem_of_key(key), mode=ownership.key_mode,
            owner=ownership.owner,
        )  # fmt: skip
    content = _signed(key, names)
    files.replace(wanted.home / REQUEST / _REQUEST, content)
    return content


def forget_request(wanted: Wanted) -> None:
    """Its certificate came. FileFailure."""
    trees.remove(wanted.home / REQUEST)


def _waiting(wanted: Wanted) -> reading.PrivateKey | None:
    try:
        return reading.key_in(files.read_bytes(key_file(wanted)))
    except (FileNotFoundError, FileFailure, *reading.UNPARSED):
        return None


def _signed(key: reading.PrivateKey, names: Sequence[str]) -> bytes:
    # A common name may hold 64 characters (X.520, ub-common-name); the SAN holds the truth.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    san = x509.SubjectAlternativeName([_general_name(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    request = builder.add_extension(san, critical=False).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
