"""What customers bring: assembled whatever its order, or refused with the reason and the cure."""

import contextlib
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import RefusedError
from agent.tls import reading
from agent.tls.brought import Brought, from_pem, from_pkcs12
from agent.tls.customs import examine
from agent.tls.placing import prove, write
from agent.tls.request import key_file, make_request
from agent.tls.rights import OURS_ALONE
from tests.scripted_host import NOW
from tests.unit.tls_authorities import chain, holder
from tests.unit.tls_stage import wanted

THEIRS = chain()
SMALL = rsa.generate_private_key(public_exponent=65537, key_size=1024)
LEAF, MIDDLE, ROOT = THEIRS.leaf, THEIRS.middle, THEIRS.root


def refusal(certificate: bytes, key: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        from_pem(certificate, key)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("certificate", "more"),
    [
        (LEAF.pem + MIDDLE.pem + ROOT.pem, b""),
        (ROOT.pem + MIDDLE.pem + LEAF.pem, b""),
        (LEAF.pem, ROOT.pem + MIDDLE.pem),
        (LEAF.key_pem + LEAF.pem + MIDDLE.pem, ROOT.pem),
        (LEAF.pem.replace(b"\n", b"\r\n") + MIDDLE.pem, b"Bag Attributes\n\tx: y\n" + ROOT.pem),
        (b"\xef\xbb\xbfsubject=CN\n" + LEAF.pem, MIDDLE.pem.replace(b"\n", b"\r\n") + ROOT.pem),
    ],
)
def test_a_chain_is_put_into_its_order(certificate: bytes, more: bytes, tmp_path: Path) -> None:
    pair = from_pem(certificate, LEAF.key_pem, more)
    assert pair.leaf == LEAF.certificate
    assert pair.above == (MIDDLE.certificate,)
    assert pair.root == ROOT.certificate
    issued = pair.issued()
    assert reading.certificates_in(issued.chain) == [LEAF.certificate, MIDDLE.certificate]
    folder = write(tmp_path / "main", issued, OURS_ALONE, server_name="shop.example")
    assert folder.name.startswith("customer-")
    assert prove(folder, "www.shop.example") == ""
    assert "not valid for 'other.example'" in prove(folder, "other.example")


def test_a_root_that_the_machine_knows_completes_the_chain() -> None:
    alone = from_pem(LEAF.pem + MIDDLE.pem, LEAF.key_pem)
    assert alone.root is None
    known = from_pem(LEAF.pem + MIDDLE.pem, LEAF.key_pem, known=[holder("x").certificate,
                                                                   ROOT.certificate])  # fmt: skip
    assert known.root == ROOT.certificate
    assert reading.certificates_in(known.issued().ca) == [ROOT.certificate]


@pytest.mark.parametrize("given_chain", [b"", MIDDLE.pem])
def test_a_chain_that_ends_early_serves_with_a_warning(tmp_path: Path, given_chain: bytes) -> None:
    pair = from_pem(LEAF.pem, LEAF.key_pem, given_chain)
    folder = write(tmp_path / "main", pair.issued(), OURS_ALONE, server_name="shop.example")
    assert prove(folder, "shop.example") == ""
    verdict = examine(pair, wanted(tmp_path, NOW))
    assert any("ends below a root" in each for each in verdict.warnings)


def test_a_certificate_signed_by_itself_is_taken(tmp_path: Path) -> None:
    own = holder("self.example", names=("self.example",))
    pair = from_pem(own.pem, own.key_pem)
    assert (pair.above, pair.root) == ((), own.certificate)
    folder = write(tmp_path / "main", pair.issued(), OURS_ALONE, server_name="self.example")
    assert prove(folder, "self.example") == ""


@pytest.mark.parametrize(
    "form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["pkcs8", "traditional"]
)
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_keys_in_every_usual_form_are_read(form: PrivateFormat, kind: str) -> None:
    key: reading.PrivateKey = (
        ec.generate_private_key(ec.SECP384R1())
        if kind == "ec"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    one = holder("k.example", MIDDLE, names=("k.example",), key=key)
    assert from_pem(one.pem, one.key_as(form)).leaf == one.certificate


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_refused_with_the_way_to_open_it(form: PrivateFormat) -> None:
    error = refusal(LEAF.pem, LEAF.key_as(form, b"secret"))
    assert "encrypted" in error.message
    assert "openssl pkey -in" in error.hint


def test_a_key_of_another_certificate_is_refused() -> None:
    assert "belongs to none" in refusal(LEAF.pem, MIDDLE.key_pem + b"\n").message
    # The middle's own key would pair with the middle: an authority is no server.
    pair = from_pem(LEAF.pem + MIDDLE.pem, MIDDLE.key_pem)
    assert "an authority's certificate" in examine(pair, wanted(Path("/x"), NOW)).refusals[0]


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        (b"", LEAF.key_pem, "holds no certificate"),
        (b"\0" * 2000, LEAF.key_pem, "holds no certificate"),
        (LEAF.pem[:300], LEAF.key_pem, "holds no certificate"),
        (LEAF.pem.replace(b"M", b"\0", 3), LEAF.key_pem, "holds no certificate"),
        (LEAF.certificate.public_bytes(serialization.Encoding.DER), LEAF.key_pem, "is DER"),
        (LEAF.pem, b"", "holds no private key"),
        (LEAF.pem, LEAF.key_pem[:100], "holds no private key"),
        (LEAF.pem, b"\0" + LEAF.key_pem.replace(b"\n", b"\0"), "holds no private key"),
        (LEAF.pem, LEAF.pem, "holds no private key"),
    ],
    ids=count(),  # not the random bytes of a key, which xdist's workers would not agree on
)
def test_what_is_none_is_refused_with_words(certificate: bytes, key: bytes, words: str) -> None:
    error = refusal(certificate, key)
    assert words in error.message
    assert len(error.message) < 400


@given(st.data())
def test_fuzzed_files_are_refused_or_read_and_never_break(data: st.DataObject) -> None:
    whole = bytearray(LEAF.pem + MIDDLE.pem)
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(0, len(whole))) :]
    key = bytearray(LEAF.key_pem)
    key[data.draw(st.integers(0, len(key) - 1))] = data.draw(st.integers(0, 255))
    for parts in ((bytes(whole), LEAF.key_pem), (LEAF.pem, bytes(key))):
        with contextlib.suppress(RefusedError):
            certificate, key_pem = parts
            examine(from_pem(certificate, key_pem), wanted(Path("/x"), NOW))


def pfx(password: bytes | None) -> bytes:
    assert isinstance(LEAF.key, ec.EllipticCurvePrivateKey)
    closed = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    above = [ROOT.certificate, MIDDLE.certificate]
    return pkcs12.serialize_key_and_certificates(b"x", LEAF.key, LEAF.certificate, above, closed)


@pytest.mark.parametrize("password", [b"correct horse", None])
def test_pkcs12_brings_all_of_it(password: bytes | None) -> None:
    pair = from_pkcs12(pfx(password), password)
    assert (pair.leaf, pair.root) == (LEAF.certificate, ROOT.certificate)


@pytest.mark.parametrize(
    ("content", "password"), [(pfx(b"right"), b"wrong"), (pfx(b"right"), None), (b"\x30\0", None)]
)
def test_pkcs12_that_does_not_open_is_refused(content: bytes, password: bytes | None) -> None:
    with pytest.raises(RefusedError, match="can't be opened") as caught:
        from_pkcs12(content, password)
    assert "right" not in str(caught.value)


def looked(pair: Brought, tmp_path: Path, **more: object) -> str:
    want = wanted(tmp_path, NOW, **more)  # type: ignore[arg-type] # what `wanted` takes
    want = replace(want, declared=["shop.example"])
    verdict = examine(pair, want)
    return "; ".join([*verdict.refusals, *(f"forceable: {each}" for each in verdict.forceable)])


def test_a_good_one_passes(tmp_path: Path) -> None:
    pair = from_pem(LEAF.pem + MIDDLE.pem + ROOT.pem, LEAF.key_pem)
    assert looked(pair, tmp_path) == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"names": ("other.example",)}, "forceable: it is not valid for shop.example"),
        ({"names": ("*.example",)}, ""),
        ({"names": ("*.shop.example",)}, "forceable: it is not valid for shop.example"),
        ({"names": ()}, "no subject alternative names"),
        ({"days": 2, "starts": -10}, "it ended at"),
        ({"starts": 3}, "it is not valid before"),
        ({"purpose": ExtendedKeyUsageOID.CLIENT_AUTH}, "not meant for servers"),
        ({"purpose": None}, ""),
        (
            {"key": SMALL},
            "RSA key of 1024",
        ),
        ({"key": ec.generate_private_key(ec.SECP192R1())}, "an elliptic key of 192"),
        ({"key": dsa.generate_private_key(2048)}, "a DSA key"),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, ""),
    ],
)
def test_each_rule_of_the_customs(tmp_path: Path, asked: dict[str, object], words: str) -> None:
    one = chain(**asked)  # type: ignore[arg-type] # what `holder` takes
    pair = from_pem(one.leaf.pem + one.middle.pem + one.root.pem, one.leaf.key_pem)
    told = looked(pair, tmp_path)
    assert words in told
    assert bool(told) == bool(words)


def test_dates_are_not_looked_at_by_a_clock_nobody_believes(tmp_path: Path) -> None:
    pair = from_pem(LEAF.pem + MIDDLE.pem + ROOT.pem, LEAF.key_pem)
    verdict = examine(pair, wanted(tmp_path, 90.0))
    assert verdict.refusals == ()
    assert "can't be believed" in verdict.warnings[0]


def test_one_that_ends_soon_is_taken_with_a_warning(tmp_path: Path) -> None:
    one = chain(days=90, starts=-70)
    pair = from_pem(one.leaf.pem + one.middle.pem + one.root.pem, one.leaf.key_pem)
    verdict = examine(pair, wanted(tmp_path, NOW))
    assert verdict.refusals == ()
    assert "it ends in 20 days" in verdict.warnings[0]


def test_a_request_keeps_its_key_until_a_new_one_is_asked_for(tmp_path: Path) -> None:
    want = wanted(tmp_path, NOW)
    first = x509.load_pem_x509_csr(make_request(want, ["shop.example", "10.0.0.7"]))
    again = x509.load_pem_x509_csr(make_request(want, ["other.example"]))
    assert reading.public_bytes(first.public_key()) == reading.public_bytes(again.public_key())
    assert first.is_signature_valid
    assert key_file(want).stat().st_mode & 0o777 == 0o600
    other = x509.load_pem_x509_csr(make_request(want, ["shop.example"], fresh=True))
    assert reading.public_bytes(first.public_key()) != reading.public_bytes(other.public_key())
