"""The appliance's certificates, as `status` shows them.

Owns reading their public part off the disk. Refuses keys.
"""

from __future__ import annotations

import msgspec

from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout


class CertificateLine(msgspec.Struct, frozen=True):
    """One certificate; `ends` since 1970, `problem` empty where it is good now."""

    name: str
    subject: str
    ends: float | None
    left: float | None
    problem: str


def certificates_of(names: list[str], layout: Layout, *, now: float) -> list[CertificateLine]:
    """A line each, also for those that can't be read."""
    return [_line(name, layout, now) for name in names]


def _line(name: str, layout: Layout, now: float) -> CertificateLine:
    # cryptography costs 40 ms; an appliance without certificates is spared it.
    from cryptography import x509

    try:
        content = files.read_bytes(layout.tls / name / "current" / "cert.pem")
        certificate = x509.load_pem_x509_certificate(content)
    except FileNotFoundError:
        return CertificateLine(name, "", None, None, "there is none yet")
    except (FileFailure, ValueError) as error:
        return CertificateLine(name, "", None, None, f"can't be read: {error}")
    begins = certificate.not_valid_before_utc.timestamp()
    ends = certificate.not_valid_after_utc.timestamp()
    problem = "expired" if now > ends else "not valid yet" if now < begins else ""
    subject = certificate.subject.rfc4514_string().removeprefix("CN=")
    return CertificateLine(name, subject, ends, ends - now, problem)
