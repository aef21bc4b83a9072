"""What we sign is read by tools that share no code with us, and keys live where vendors keep them.

OpenSSL for files, securesystemslib for envelopes, SoftHSM for tokens, a program of the test for a
key service. cosign is asked by bench/image, since no Debian of ours ships it.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType
from pkcs11.util.ec import encode_named_curve_parameters
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from agent.errors import CaretakerError, MachineError, ManifestError
from packer.signing import blob, dsse, provenance, public_key
from packer.signing.opening import open_signer
from packer.signing.signer import Algorithm
from tests.unit.image_records import RECORD, key

pytestmark = pytest.mark.real

BOTH: tuple[Algorithm, ...] = ("ecdsa-p256-sha256", "ed25519")
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def openssl_verifies(path: Path, pub: Path, algorithm: Algorithm) -> bool:
    raw = path.with_name("raw.sig")
    raw.write_bytes(base64.b64decode(blob.signature_path(path).read_bytes()))
    argv: list[str | Path] = ["dgst", "-sha256", "-verify", pub, "-signature", raw, path]
    if algorithm == "ed25519":
        argv = ["pkeyutl", "-verify", "-pubin", "-inkey", pub, "-rawin", "-in", path]
        argv += ["-sigfile", raw]
    return subprocess.run(["openssl", *argv], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("algorithm", BOTH)
def test_openssl_verifies_our_signatures(tmp_path: Path, algorithm: Algorithm) -> None:
    disk, pub = tmp_path / "disk", tmp_path / f"{algorithm}.pub"
    disk.write_bytes(os.urandom(100_000))
    blob.sign_file(disk, key(tmp_path, algorithm))
    assert openssl_verifies(disk, pub, algorithm)
    disk.write_bytes(os.urandom(100_000))
    assert not openssl_verifies(disk, pub, algorithm)


@pytest.mark.parametrize("algorithm", BOTH)
def test_we_verify_openssl_signatures_and_read_its_keys(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    private, pub, disk = tmp_path / "o.key", tmp_path / "o.pub", tmp_path / "disk"
    disk.write_bytes(b"content")
    kind = ["ed25519"] if algorithm == "ed25519" else ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made = ["genpkey", "-algorithm", *kind, "-aes256", "-pass", "pass:correct"]
    openssl(*made, "-out", str(private))
    private.chmod(0o600)
    plain = ["-in", str(private), "-passin", "pass:correct"]
    openssl("pkey", *plain, "-pubout", "-out", str(pub))
    sign = ["pkeyutl", "-sign", "-inkey", str(private), "-passin", "pass:correct", "-rawin"]
    digest = [] if algorithm == "ed25519" else ["-digest", "sha256"]
    openssl(*sign, *digest, "-in", str(disk), "-out", str(tmp_path / "raw"))
    raw = (tmp_path / "raw").read_bytes()
    blob.signature_path(disk).write_bytes(base64.b64encode(raw) + b"\n")
    blob.verify_file(disk, public_key.read(pub))
    signer = open_signer(str(private), lambda what: b"correct")
    assert public_key.name(signer.public) == public_key.name(public_key.read(pub))


def openssl(*argv: str) -> None:
    subprocess.run(["openssl", *argv], capture_output=True, check=True)


@pytest.mark.parametrize("algorithm", BOTH)
def test_securesystemslib_verifies_our_envelopes(tmp_path: Path, algorithm: Algorithm) -> None:
    signer = key(tmp_path, algorithm)
    content = provenance.statement(RECORD, signer)
    foreign = SSlibKey.from_crypto(signer.public, keyid=public_key.name(signer.public))
    envelope = Envelope.from_dict(json.loads(content))
    assert len(envelope.verify([foreign], 1)) == 1
    assert envelope.payload == provenance.payload(RECORD)
    (tmp_path / "b").mkdir()
    other = SSlibKey.from_crypto(key(tmp_path / "b", algorithm).public)
    with pytest.raises(VerificationError):
        envelope.verify([other], 1)


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A SoftHSM token of the test's own, with one key on P-256; the URI that names it."""
    if not (shutil.which("softhsm2-util") and Path(MODULE).exists()):
        pytest.skip("softhsm2 is not installed")
    (tmp_path / "tokens").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(conf))
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "shop", "--pin", "4321",
         "--so-pin", "8765"], check=True, capture_output=True,
    )  # fmt: skip
    # Loaded once the environment names the configuration, which it reads once.
    with pkcs11.lib(MODULE).get_token(token_label="shop").open(rw=True, user_pin="4321") as session:
        for label, curve in (("release", "secp256r1"), ("odd", "secp384r1")):
            wanted = {Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
            curve_of = session.create_domain_parameters(KeyType.EC, wanted, local=True)
            curve_of.generate_keypair(store=True, label=label)
    return f"pkcs11:token=shop;object=release?module-path={MODULE}"


def test_a_token_signs(token: str, tmp_path: Path) -> None:
    disk, pub, pin = tmp_path / "disk", tmp_path / "token.pub", tmp_path / "pin"
    disk.write_bytes(os.urandom(1000))
    signer = open_signer(token, lambda what: b"4321")
    blob.sign_file(disk, signer)
    pub.write_bytes(public_key.pem(signer.public))
    assert openssl_verifies(disk, pub, "ecdsa-p256-sha256")
    assert provenance.verified(provenance.statement(RECORD, signer), signer.public)
    pin.touch(0o600)
    pin.write_text("4321\n")
    named = open_signer(f"{token}&pin-source={pin}")
    assert public_key.name(named.public) == public_key.name(signer.public)
    pin.chmod(0o644)
    with pytest.raises(MachineError, match="others may read it"):
        open_signer(f"{token}&pin-source={pin}")
    refusals: list[tuple[str, bytes, str]] = [
        (token, b"9999", "the PIN is wrong"),
        (token.replace("=shop", "=none"), b"4321", "no such token"),
        (token.replace("=release", "=none"), b"4321", "it holds no such key"),
        (token.replace("=release", "=odd"), b"4321", "not on P-256"),
        (token.replace(".so", ".txt"), b"4321", "there is no library|did not sign"),
        (f"{token}&pin-value=4321", b"", "does not belong"),
        (token.partition("?")[0], b"", "module-path"),
        ("pkcs11:object=release", b"", "names its token"),
    ]
    for uri, guess, words in refusals:
        with pytest.raises(CaretakerError, match=words) as caught:
            open_signer(uri, lambda what, guess=guess: guess)  # type: ignore[misc]  # bound early
        assert caught.value.hint


SERVICE = """\
import base64, os, sys
from pathlib import Path
from packer.signing.file_key import open_key
digest = sys.stdin.buffer.read()
assert len(digest) == 32 and os.environ.get("REGION") == "here" and "HOME" not in os.environ
print(base64.b64encode(open_key(Path(sys.argv[2])).sign(digest)).decode())
"""


def service(folder: Path, **changes: Any) -> str:
    private = key(folder)
    assert private.algorithm == "ecdsa-p256-sha256"
    (folder / "service.py").write_text(SERVICE)
    repository = str(Path(__file__).parents[2])
    start = f"import sys; sys.path.insert(0, {repository!r}); exec(open(sys.argv[1]).read())"
    told: dict[str, Any] = {
        "command": [sys.executable, "-I", "-c", start, str(folder / "service.py"),
                    str(folder / "ecdsa-p256-sha256.key")],
        "public": "ecdsa-p256-sha256.pub",
        "environment": ["REGION"],
        **changes,
    }  # fmt: skip
    path = folder / "service.toml"
    path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items()))
    return str(path)


def test_a_key_service_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION", "here")
    monkeypatch.setenv("HOME", "/nowhere")
    disk = tmp_path / "disk"
    disk.write_bytes(b"content")
    blob.sign_file(disk, open_signer(service(tmp_path)))
    assert openssl_verifies(disk, tmp_path / "ecdsa-p256-sha256.pub", "ecdsa-p256-sha256")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sleep", "60"], "no end after"),
        (["false"], "did not sign"),
        (["no-such-program"], "no such program"),
        (["echo", "not base64"], "something else than base64"),
        (["echo", "AAAA"], "does not fit it"),
        (["yes"], "did not sign|something else"),
    ],
)
def test_a_key_service_that_fails_is_told(tmp_path: Path, command: list[str], words: str) -> None:
    said = service(tmp_path, command=command, timeout=0.5)
    with pytest.raises(MachineError, match=words) as caught:
        dsse.seal(b"{}", dsse.IN_TOTO, open_signer(said))
    assert caught.value.hint


def test_a_file_that_names_a_command_is_ours_alone(tmp_path: Path) -> None:
    said = service(tmp_path)
    Path(said).chmod(0o666)
    with pytest.raises(MachineError, match="anybody may write it"):
        open_signer(said)


@pytest.mark.parametrize(
    "changes",
    [{"command": []}, {"timeout": 0}, {"timeout": 100_000}, {"shell": "x"}, {"command": "x y"}],
)
def test_a_file_that_describes_no_service(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ManifestError) as caught:
        open_signer(service(tmp_path, **changes))
    assert caught.value.code == "key-invalid"
