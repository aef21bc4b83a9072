"""A customer's authorities: a root, one below it, and leaves, as they would be handed in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from agent.tls import reading
from tests.scripted_host import NOW

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """A key and a certificate for it."""

    key: reading.PrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return reading.pem_of(self.certificate)

    @property
    def key_pem(self) -> bytes:
        return reading.pem_of_key(self.key)

    def key_as(self, form: serialization.PrivateFormat, password: bytes | None = None) -> bytes:
        closed = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        return self.key.private_bytes(serialization.Encoding.PEM, form, closed)


def holder(
    name: str,
    above: Holder | None = None,
    *,
    names: tuple[str, ...] = (),
    ca: bool = False,
    days: int = 90,
    starts: int = -1,
    key: reading.PrivateKey | None = None,
    purpose: ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
    now: float = NOW,
) -> Holder:
    """A certificate signed by the one above, or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime.fromtimestamp(now, UTC) + starts * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + days * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        )
    if purpose is not None and not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    signer = above.key if above else key
    assert isinstance(signer, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    return Holder(key, builder.sign(signer, hashes.SHA256()))


@dataclass(frozen=True)
class Chain:
    """A root, an authority below it, and a leaf for shop.example."""

    root: Holder
    middle: Holder
    leaf: Holder


def chain(*, now: float = NOW, **leaf: object) -> Chain:
    root = holder("Their Root", ca=True, days=3650, now=now)
    middle = holder("Their Issuing CA", root, ca=True, days=1000, now=now)
    asked: dict[str, object] = {"names": ("shop.example", "www.shop.example"), **leaf}
    return Chain(root, middle, holder("shop.example", middle, now=now, **asked))  # type: ignore[arg-type] # what `holder` takes
