"""The certificate of one name in the manifest: is it good, and making it so.

Owns the decision when a generated pair must be replaced at setup, and the authority it comes
from. Refuses to touch a pair the customer brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Certificate
from agent.tls import placing
from agent.tls.authority import Pair, make_authority, make_leaf

# Certificates are not made before this: a VM that boots in 1970 would make them useless.
CLOCK_FLOOR = datetime(2025, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one certificate of the manifest must be on this machine. `now`: since 1970."""

    layout: Layout
    name: str
    spec: Certificate
    names: list[str]
    now: float
    ownership: placing.Ownership = placing.OURS_ALONE

    @property
    def home(self) -> Path:
        return self.layout.tls / self.name


def why_replace(wanted: Wanted) -> str:
    """Why the pair in use must be replaced; empty where it is good, or the customer's."""
    if placing.brought_by_customer(wanted.home):
        return ""
    folder = placing.in_use(wanted.home)
    if folder is None:
        return "there is none yet"
    try:
        certificate = x509.load_pem_x509_certificate(files.read_bytes(folder / "cert.pem"))
    except (OSError, ValueError, FileFailure):
        return "the one in use can't be read"
    missing = [name for name in wanted.names if name not in _names(certificate)]
    if missing:
        return f"it is not valid for {', '.join(missing)}"
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    # Two thirds of its life, as ACME clients renew (Let's Encrypt's integration guide).
    if wanted.now > begins + (ends - begins) * 2 / 3 and wanted.now > CLOCK_FLOOR:
        return "two thirds of its life are over"
    if wanted.now < begins:
        return ""  # The clock is behind; a new pair would be no better.
    return placing.prove(folder, wanted.names[0])


def make(wanted: Wanted) -> Path:
    """Make a pair and put it in use; its folder. Raises FileFailure and MachineError."""
    files.ensure_folder(wanted.layout.tls)
    authority = _authority(wanted)
    leaf = make_leaf(authority, wanted.names, now=wanted.now, days=wanted.spec.days)
    return placing.place(
        wanted.home, leaf, authority.certificate, wanted.ownership, server_name=wanted.names[0]
    )


def _authority(wanted: Wanted) -> Pair:
    """The instance's own authority, made at first need; remade where it is unusable."""
    folder = wanted.layout.tls / "authority"
    files.ensure_folder(folder, mode=0o700)
    try:
        # One file holds both, so that a power cut can't leave a pair that does not match.
        content = files.read_bytes(folder / "authority.pem")
        certificate = x509.load_pem_x509_certificate(content)
        serialization.load_pem_private_key(content, password=None)
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if begins.timestamp() <= wanted.now < ends.timestamp() - wanted.spec.days * 86400:
            public = certificate.public_bytes(serialization.Encoding.PEM)
            return Pair(key=content, certificate=public, serial=f"{certificate.serial_number:x}")
    except (FileNotFoundError, FileFailure, ValueError, TypeError):
        pass  # Made anew below; leaves under the old one stay valid until they are replaced.
    fresh = make_authority(wanted.layout.app, now=wanted.now)
    files.replace(folder / "authority.pem", fresh.key + fresh.certificate, mode=0o600)
    return fresh


def _names(certificate: x509.Certificate) -> set[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return {str(each.value) for each in extension.value}
