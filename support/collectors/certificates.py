"""`certificates`: what each certificate of the appliance says in public, and whether its key fits.

Owns the shape. A key is read to compare and never told; a certificate is not copied whole, since
the names in it could then not be replaced by pseudonyms.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.errors import CaretakerError
from agent.host import glance
from agent.host.failures import FileFailure
from agent.manifest.checks import CertificateCheck
from agent.manifest.model import Certificate
from agent.manifest.placeholders import Values, expand
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import below_root, value
from support.scene import Scene

_CAP = 1 << 20  # bytes of a file
_CHAIN = 20  # certificates
_AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class _Place:
    """One certificate's files, as paths of the machine. `key` empty: there is none to compare."""

    name: str
    file: str
    key: str = ""
    chain: str = ""
    home: str = ""
    spec: Certificate | None = None


def sources(scene: Scene) -> Iterable[Source]:
    origin = str(scene.layout.tls)
    places = _places(scene)
    yield value(
        "certificates/certificates.json", origin, lambda: [_told(scene, each) for each in places]
    )


def _places(scene: Scene) -> list[_Place]:
    layout, manifest = scene.layout, scene.manifest
    declared = manifest.certificates if manifest else {}
    home = below_root(scene, layout.tls)
    there = [each.name for each in glance.entries(layout.root, home) if each.is_folder]
    found = []
    for name in dict.fromkeys([*declared, *(there if layout.app else ())]):
        if name == _AUTHORITY and name not in declared:
            # The instance's own: certificate and key stand in one file, none of them in use.
            found.append(_Place(name, f"{home}/{name}/{_AUTHORITY}.pem"))
            continue
        folder = f"{home}/{name}/current"
        found.append(
            _Place(name, f"{folder}/cert.pem", f"{folder}/key.pem", f"{folder}/chain.pem",
                   f"{home}/{name}", declared.get(name))
        )  # fmt: skip
    for name, check in (manifest.checks if manifest else {}).items():
        if isinstance(check, CertificateCheck) and check.path:
            with contextlib.suppress(CaretakerError):  # Its place is a setting's, say.
                path = expand(check.path, Values(layout.placeholders(), {}))
                found.append(_Place(f"checks.{name}", below_root(scene, path)))
    return found


def _told(scene: Scene, place: _Place) -> dict[str, object]:
    # The library takes 50 ms to load; only this collector's process pays.
    from agent.tls import reading

    told: dict[str, object] = {
        "name": place.name,
        "file": place.file,
        "declared": place.spec is not None,
        "services": list(place.spec.services) if place.spec else [],
        "wanted": list(place.spec.names) if place.spec else [],
        "port": place.spec.port if place.spec else 0,
        "by": _maker(scene, place),
        "problem": "",
    }
    try:
        content = glance.read(scene.layout.root, place.file, cap=_CAP)
        told |= _public(scene, reading.certificates_in(content))
    except FileNotFoundError:
        return {**told, "problem": "there is no file"}
    except (FileFailure, *reading.UNPARSED) as error:
        return {**told, "problem": f"it can't be read: {error}"}
    return told | _fits(scene, place, content)


def _public(scene: Scene, found: Sequence[object]) -> dict[str, object]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    from agent.tls import reading

    leaf = found[0]
    assert isinstance(leaf, x509.Certificate)
    ends = leaf.not_valid_after_utc.timestamp()
    signed = leaf.signature_hash_algorithm
    return {
        "subject": leaf.subject.rfc4514_string()[:300],
        "names": reading.names_in(leaf),
        "issuer": leaf.issuer.rfc4514_string()[:300],
        "begins": leaf.not_valid_before_utc.timestamp(),
        "ends": ends,
        "days_left": round((ends - scene.host.clock.wall()) / 86400, 1),
        "serial": reading.serial_of(leaf),
        "fingerprint": leaf.fingerprint(hashes.SHA256()).hex(":"),
        "key": reading.kind_of_key(leaf.public_key()),
        "weak": reading.weakness(leaf),
        "signature": signed.name if signed else "",
        "self_signed": leaf.issuer == leaf.subject,
        "in_file": len(found),
    }


def _fits(scene: Scene, place: _Place, content: bytes) -> dict[str, object]:
    """Whether the key belongs to it, and who is above it."""
    return {"key_matches": _key_matches(scene, place, content), "chain": list(_chain(scene, place))}


def _key_matches(scene: Scene, place: _Place, content: bytes) -> bool | None:
    from agent.tls import reading

    if not place.key:
        return None
    try:
        key = reading.key_in(glance.read(scene.layout.root, place.key, cap=_CAP))
        return reading.belong_together(key, reading.certificates_in(content)[0])
    except (OSError, FileFailure, *reading.UNPARSED):
        return None


def _chain(scene: Scene, place: _Place) -> Iterator[dict[str, object]]:
    from agent.tls import reading

    if not place.chain:
        return
    try:
        found = reading.certificates_in(glance.read(scene.layout.root, place.chain, cap=_CAP))
    except (OSError, FileFailure, *reading.UNPARSED):
        return
    for each in found[:_CHAIN]:
        yield {
            "subject": each.subject.rfc4514_string()[:300],
            "issuer": each.issuer.rfc4514_string()[:300],
            "begins": each.not_valid_before_utc.timestamp(),
            "ends": each.not_valid_after_utc.timestamp(),
        }


def _maker(scene: Scene, place: _Place) -> str:
    if not place.home:
        return ""
    leads = glance.link(scene.layout.root, f"{place.home}/current")
    if not leads:
        return ""
    if leads.rpartition("/")[2].startswith("customer-"):
        return "customer"
    try:
        origin = glance.read(scene.layout.root, f"{place.home}/current/origin.json", cap=4096)
    except (OSError, FileFailure):
        return ""
    return "acme" if b'"acme"' in origin else "caretaker"


def guess(scene: Scene) -> int:
    home = below_root(scene, scene.layout.tls)
    return 50 + 1500 * len(glance.entries(scene.layout.root, home))


COLLECTOR = Collector(
    code="certificates",
    title="certificates, in public parts",
    reads="cert.pem and chain.pem of each pair; the key only to compare",
    sources=sources,
    guess=guess,
    cap=1 << 20,
    priority=FIRST,
)
