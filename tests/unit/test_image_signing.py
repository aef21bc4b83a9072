"""Signatures over files: the format, the keys that are taken, and what is refused."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import MachineError, ManifestError, RefusedError
from packer.signing import blob, file_key, public_key
from packer.signing.opening import open_signer
from packer.signing.signer import Algorithm, signature_of
from tests.unit.image_records import key

BOTH: tuple[Algorithm, ...] = ("ecdsa-p256-sha256", "ed25519")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk.raw"
    with path.open("wb") as stream:
        stream.write(b"GPT")
        stream.truncate(5 << 20)
    return path


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_file_is_signed_and_verified(disk: Path, algorithm: Algorithm) -> None:
    signer = key(disk.parent, algorithm)
    made = blob.sign_file(disk, signer)
    assert made.name == "disk.raw.sig"
    raw = base64.b64decode(made.read_bytes(), validate=True)
    if algorithm == "ed25519":
        assert isinstance(signer.public, ed25519.Ed25519PublicKey)
        signer.public.verify(raw, disk.read_bytes())
    else:
        assert isinstance(signer.public, ec.EllipticCurvePublicKey)
        signer.public.verify(raw, disk.read_bytes(), ec.ECDSA(hashes.SHA256()))
    blob.verify_file(disk, signer.public)
    blob.verify_file(disk, public_key.read(disk.parent / f"{algorithm}.pub"))


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize(
    "change",
    [
        lambda disk, sig: disk.write_bytes(disk.read_bytes()[:-1] + b"\1"),
        lambda disk, sig: disk.write_bytes(disk.read_bytes()[:-1]),
        lambda disk, sig: disk.write_bytes(b""),
        lambda disk, sig: sig.write_bytes(sig.read_bytes()[:-8]),
        lambda disk, sig: sig.write_bytes(b""),
        lambda disk, sig: sig.write_bytes(b"\xff\xfe"),
        lambda disk, sig: sig.write_bytes(base64.b64encode(bytes(64))),
        lambda disk, sig: sig.unlink(),
    ],
)
def test_what_was_changed_is_refused(
    disk: Path, algorithm: Algorithm, change: Callable[[Path, Path], object]
) -> None:
    signer = key(disk.parent, algorithm)
    made = blob.sign_file(disk, signer)
    change(disk, made)
    with pytest.raises(RefusedError) as caught:
        blob.verify_file(disk, signer.public)
    assert caught.value.code == "signature-invalid"
    assert caught.value.hint


@pytest.mark.parametrize("algorithm", BOTH)
@pytest.mark.parametrize("other", BOTH)
def test_another_key_is_refused(disk: Path, algorithm: Algorithm, other: Algorithm) -> None:
    blob.sign_file(disk, key(disk.parent, algorithm))
    elsewhere = disk.parent / "elsewhere"
    elsewhere.mkdir()
    with pytest.raises(RefusedError):
        blob.verify_file(disk, key(elsewhere, other).public)


def test_a_missing_file_is_no_bad_signature(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        blob.verify_file(tmp_path / "none", key(tmp_path).public)
    assert caught.value.code == "file-unreadable"


def test_an_empty_file_can_be_signed(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for algorithm in BOTH:
        signer = key(tmp_path, algorithm)
        blob.sign_file(tmp_path / "empty", signer)
        blob.verify_file(tmp_path / "empty", signer.public)


def test_a_new_key_is_private_and_has_its_public_half_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    made = file_key.make(path, "ed25519", b"correct horse")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "release.pub").read_bytes() == public_key.pem(made.public)
    asked: list[str] = []

    def ask(what: str) -> bytes:
        asked.append(what)
        return b"correct horse"

    again = open_signer(str(path), ask)
    assert public_key.name(again.public) == public_key.name(made.public)
    assert asked == [f"the key {path}"]
    with pytest.raises(ManifestError, match="does not open it"):
        open_signer(str(path), lambda what: b"wrong")
    with pytest.raises(ManifestError, match="sealed with a passphrase"):
        open_signer(str(path))
    with pytest.raises(MachineError, match="is there already"):
        file_key.make(path, "ed25519", None)


def test_a_key_that_others_may_read_is_not_taken(tmp_path: Path) -> None:
    key(tmp_path)
    path = tmp_path / "ecdsa-p256-sha256.key"
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(MachineError) as caught:
            file_key.open_key(path)
        assert caught.value.code == "file-unsafe"
        assert caught.value.hint == f"chmod 600 {path}"
    path.chmod(0o400)
    file_key.open_key(path)


def test_a_link_is_not_followed_to_a_key(tmp_path: Path) -> None:
    key(tmp_path)
    (tmp_path / "link.key").symlink_to(tmp_path / "ecdsa-p256-sha256.key")
    with pytest.raises(MachineError, match="symbolic link"):
        file_key.open_key(tmp_path / "link.key")


@pytest.mark.parametrize("kind", ["rsa", "p384", "noise"])
def test_other_kinds_of_keys_are_not_taken(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "other.key"
    content = b"-----BEGIN NOISE-----\n"
    if kind != "noise":
        private = (
            rsa.generate_private_key(65537, 2048)
            if kind == "rsa"
            else ec.generate_private_key(ec.SECP384R1())
        )
        content = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        file_key.open_key(path)
    assert caught.value.code == "key-invalid"
    with pytest.raises(ManifestError):
        public_key.read(path)


class Confused:
    """A token that signs with another key than it shows."""

    algorithm: Algorithm = "ecdsa-p256-sha256"

    def __init__(self, shown: file_key.FileKey, signs: file_key.FileKey) -> None:
        self.public, self._signs = shown.public, signs

    def sign(self, message: bytes | memoryview) -> bytes:
        return self._signs.sign(message)


def test_a_signature_that_does_not_fit_its_own_key_is_never_written(disk: Path) -> None:
    (disk.parent / "b").mkdir()
    confused = Confused(key(disk.parent), key(disk.parent / "b"))
    with pytest.raises(MachineError) as caught:
        blob.sign_file(disk, confused)
    assert caught.value.code == "signature-invalid"
    assert not blob.signature_path(disk).exists()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_single_bit_may_differ(tmp_path: Path, content: bytes, at: int, bit: int) -> None:
    signer = FIXED
    made = signature_of(signer, content)
    spoilt = bytearray(made)
    spoilt[at % len(made)] ^= 1 << bit
    assert public_key.accepts(signer.public, content, made)
    assert not public_key.accepts(signer.public, content, bytes(spoilt))


FIXED = file_key.FileKey(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
