"""`caretaker image sign`, `verify` and `key`, as a vendor types them."""

import json
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from agent.errors import CaretakerError
from packer.cli import image_key, image_sign, image_verify
from packer.signing import provenance
from packer.signing.file_key import open_key
from tests.unit.image_records import RECORD

VERBS = {"key": image_key.command, "sign": image_sign.command, "verify": image_verify.command}


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CARETAKER_PASSPHRASE_FILE", raising=False)
    Path("pass").touch(0o600)
    Path("pass").write_text("correct horse\n")
    Path("shop.qcow2").write_bytes(b"disk")


def run(line: str, status: int = 0) -> Result:
    verb, *words = line.split()
    command: Command = VERBS[verb]
    done = CliRunner().invoke(command, words)
    if isinstance(done.exception, CaretakerError):
        assert done.exception.exit_status == status, done.exception.message
        assert done.exception.hint
    else:
        assert done.exit_code == status, (done.output, done.exception)
    return done


def test_from_a_key_to_a_verified_file() -> None:
    assert "give release.pub" in run("key new release.key --passphrase-file pass").output
    assert (
        run("key show release.key --passphrase-file pass").output == Path("release.pub").read_text()
    )
    told = run("sign shop.qcow2 --key release.key --passphrase-file pass").output
    assert told.startswith("shop.qcow2.sig: ecdsa-p256-sha256, key ")
    assert "good" in run("verify shop.qcow2 --key release.pub").output
    Path("moved").write_bytes(Path("shop.qcow2.sig").read_bytes())
    assert "good" in run("verify shop.qcow2 --key release.pub --signature moved").output
    Path("shop.qcow2").write_bytes(b"dusk")
    run("verify shop.qcow2 --key release.pub", 7)


def test_provenance_is_asked_too() -> None:
    run("key new release.key --algorithm ed25519 --unsealed")
    run("sign shop.qcow2 --key release.key")
    Path("p.json").write_bytes(provenance.statement(RECORD, open_key(Path("release.key"))))
    done = run("verify shop.qcow2 --key release.pub --provenance p.json", 7)
    assert "with other content" in str(done.exception)
    Path("other").write_bytes(b"x")
    run("sign other --key release.key")
    done = run("verify other --key release.pub --provenance p.json", 7)
    assert "made no such file" in str(done.exception)


def test_json_for_programs() -> None:
    run("key new release.key --unsealed")
    key = json.loads(run("key show release.key --json").output)
    assert key["algorithm"] == "ecdsa-p256-sha256"
    signed = json.loads(run("sign shop.qcow2 --key release.key --json").output)
    assert signed["signatures"] == ["shop.qcow2.sig"]
    assert signed["key"] == key["key"]
    verified = json.loads(run("verify shop.qcow2 --key release.pub --json").output)
    assert list(verified["files"]) == ["shop.qcow2"]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("sign shop.qcow2 --key none.key", 3),
        ("sign none --key a.key", 4),
        ("verify shop.qcow2 --key none.pub", 3),
        ("verify shop.qcow2 --key a.pub", 7),
        ("verify shop.qcow2 pass --key a.pub --signature x", 2),
        ("verify shop.qcow2 --key a.pub --provenance none", 7),
        ("key new a.key --unsealed", 4),
        ("key new b.key --unsealed --passphrase-file pass", 2),
        ("key new b.key", 2),
    ],
)
def test_what_is_refused(line: str, status: int) -> None:
    run("key new a.key --unsealed")
    run(line, status)


def told(line: str, status: int) -> str:
    """The message and the hint."""
    error = run(line, status).exception
    assert isinstance(error, CaretakerError)
    return f"{error.message}\n{error.hint}"


def test_half_a_pair_is_never_left() -> None:
    Path("release.pub").touch()
    assert "release.pub is there already" in told("key new release.key --unsealed", 4)
    assert not Path("release.key").exists()


def test_a_key_of_the_wrong_half_is_called_so() -> None:
    run("key new release.key --unsealed")
    assert "it is a public key" in told("key show release.pub", 3)
    Path("release.pub").chmod(0o600)
    assert "it is a public key" in told("sign shop.qcow2 --key release.pub", 3)
    assert "caretaker image key show release.key" in told("verify shop.qcow2 --key release.key", 3)
    Path("release.key").chmod(0o644)
    assert "chmod 600 release.key" in told("sign shop.qcow2 --key release.key", 4)
    assert "ls -ld" in told("sign shop.qcow2 --key .", 4)


def test_what_is_wrong_with_a_signature_s_file_names_that_file() -> None:
    run("key new release.key --unsealed")
    assert told("verify shop.qcow2 --key release.pub --signature .", 4).endswith("ls -ld .")


def test_a_folder_is_verified_by_what_it_brings() -> None:
    run("key new release.key --unsealed")
    assert ". is no build" in told("verify . --key release.pub", 4)
    told("verify . --key release.pub --provenance p.json", 2)
    told("verify . --key release.pub --signature x", 2)


def test_a_name_steers_no_terminal() -> None:
    Path("a\x1b[31m").touch()
    run("key new release.key --unsealed")
    assert "\x1b" not in run("sign a\x1b[31m --key release.key").output
