"""Provenance: what it states, and that nothing but a good signature over it is believed."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.errors import RefusedError
from packer.signing import dependencies, dsse, provenance
from packer.signing.provenance import Dependency
from packer.signing.signer import Algorithm
from tests.unit import image_tree
from tests.unit.image_records import DISK, RECORD, key
from tests.unit.test_image_signing import FIXED

WHEEL = Dependency("wheels/x-1.0.whl", "pkg:pypi/x@1.0", "44" * 32)
DEB = Dependency("bash", "pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64")


def test_the_statement_says_who_built_what_out_of_what() -> None:
    told = json.loads(provenance.payload(RECORD, [WHEEL, DEB]))
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [each["name"] for each in told["subject"]] == ["shop.qcow2", "shop.cdx.json"]
    assert told["subject"][0]["digest"] == {"sha256": DISK}
    definition, run = told["predicate"]["buildDefinition"], told["predicate"]["runDetails"]
    assert definition["buildType"] == "urn:caretaker:image-build:v1"
    assert definition["externalParameters"] == {
        "application": "shop", "version": "1.1", "architecture": "amd64",
        "base": "debian-12", "commit": "c0ffee",
    }  # fmt: skip
    assert definition["resolvedDependencies"] == [
        {"name": "appliance.toml", "digest": {"sha256": "11" * 32}},
        {"name": "payload", "digest": {"sha256": "33" * 32}},
        {"name": WHEEL.name, "uri": WHEEL.uri, "digest": {"sha256": WHEEL.sha256}},
        {"name": "bash", "uri": DEB.uri},
    ]
    assert run["builder"]["id"] == "urn:caretaker:builder:builder%20at%20example"
    assert run["metadata"] == {
        "invocationId": RECORD.id,
        "startedOn": "2026-11-21T21:00:00Z",
        "finishedOn": "2026-11-21T21:09:00Z",
    }


def test_an_input_without_a_sha256_is_no_digest() -> None:
    record = replace(RECORD, inputs={"environment": "0123456789abcdef0123", "lock": "55" * 32})
    told = json.loads(provenance.payload(record))
    inputs = told["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [each["name"] for each in inputs] == ["lock"]


def test_packages_and_wheels_are_dependencies(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels/First_One-1.0-py3-none-any.whl").write_bytes(b"wheel")
    (tmp_path / "wheels/README").write_bytes(b"no wheel")
    assert list(dependencies.of_wheels(tmp_path / "wheels")) == [
        Dependency(
            "First_One-1.0-py3-none-any.whl",
            "pkg:pypi/first-one@1.0",
            hashlib.sha256(b"wheel").hexdigest(),
        )
    ]
    found = image_tree.parts_of(image_tree.make(tmp_path / "root"))
    listed = list(dependencies.of_parts(found))
    assert [each.name for each in listed] == ["base-files", "bash", "libc6", "mawk"]
    assert all(each.uri.startswith("pkg:deb/debian/") and not each.sha256 for each in listed)


def test_a_file_is_compared_with_it() -> None:
    told = provenance.verified(provenance.statement(RECORD, FIXED), FIXED.public)
    provenance.demand(told, "shop.qcow2", DISK)
    provenance.demand(told, "renamed.qcow2", DISK)
    with pytest.raises(RefusedError, match="with other content"):
        provenance.demand(told, "shop.qcow2", "00" * 32)
    with pytest.raises(RefusedError, match="made no such file"):
        provenance.demand(told, "other.qcow2", "00" * 32)


def shortened(envelope: dict[str, Any]) -> None:
    envelope["payload"] = envelope["payload"][:-4]


def tampered(envelope: dict[str, Any]) -> None:
    content = base64.b64decode(envelope["payload"]).replace(DISK.encode(), b"00" * 32)
    envelope["payload"] = base64.b64encode(content).decode()


def other_kind(envelope: dict[str, Any]) -> None:
    envelope["payloadType"] = "application/vnd.in-toto"


def unsigned(envelope: dict[str, Any]) -> None:
    envelope["signatures"] = []


def many(envelope: dict[str, Any]) -> None:
    envelope["signatures"] = envelope["signatures"] * 1000


def no_base64(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = "\ud83d"


def half_a_signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = envelope["signatures"][0]["sig"][:20]


@pytest.mark.parametrize(
    "change", [shortened, tampered, other_kind, unsigned, many, no_base64, half_a_signature]
)
@pytest.mark.parametrize("algorithm", ["ecdsa-p256-sha256", "ed25519"])
def test_an_envelope_that_was_changed_is_refused(
    tmp_path: Path, algorithm: Algorithm, change: Callable[[dict[str, Any]], None]
) -> None:
    signer = key(tmp_path, algorithm)
    envelope = json.loads(provenance.statement(RECORD, signer))
    change(envelope)
    with pytest.raises(RefusedError) as caught:
        provenance.verified(json.dumps(envelope).encode(), signer.public)
    assert caught.value.code == "signature-invalid"


def test_another_key_is_refused_whatever_the_envelope_calls_it(tmp_path: Path) -> None:
    signer = key(tmp_path)
    envelope = json.loads(provenance.statement(RECORD, signer))
    envelope["signatures"][0]["keyid"] = "anything"
    again = json.dumps(envelope).encode()
    assert provenance.verified(again, signer.public).subject
    with pytest.raises(RefusedError, match="no signature of the envelope"):
        provenance.verified(again, FIXED.public)


def test_a_signed_document_of_another_kind_is_no_provenance() -> None:
    for payload in (b'{"_type":"x"}', b"[]", b"\xff", provenance.payload(RECORD).replace(
        b"slsa.dev/provenance", b"slsa.dev/verification")):  # fmt: skip
        with pytest.raises(RefusedError):
            provenance.verified(dsse.seal(payload, dsse.IN_TOTO, FIXED), FIXED.public)


def test_a_truncated_file_is_refused() -> None:
    content = provenance.statement(RECORD, FIXED)
    for length in (0, 1, len(content) // 2, len(content) - 3):
        with pytest.raises(RefusedError):
            provenance.verified(content[:length], FIXED.public)


@given(st.binary(max_size=60), st.text(max_size=20), st.binary(max_size=60), st.text(max_size=20))
def test_type_and_payload_can_not_be_shifted(a: bytes, b: str, c: bytes, d: str) -> None:
    def utf(text: str) -> str:
        return text.encode(errors="replace").decode()

    same = (a, utf(b)) == (c, utf(d))
    assert (dsse.authenticated(utf(b), a) == dsse.authenticated(utf(d), c)) == same


@given(st.binary(max_size=300))
def test_noise_is_refused_and_nothing_else_happens(noise: bytes) -> None:
    with pytest.raises(RefusedError):
        dsse.unseal(noise, dsse.IN_TOTO, FIXED.public)
