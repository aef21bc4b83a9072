"""`caretaker release`, as a vendor and a customer type it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.program import program
from agent.errors import CaretakerError
from agent.release import key_file
from bench.bundles.vendor import CREATED, write_release

pytestmark = pytest.mark.real  # git is asked when the last commit was


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(key_file, "COST", 10)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(CREATED + 150 * 86400))
    monkeypatch.delenv("CARETAKER_PASSPHRASE_FILE", raising=False)
    write_release(tmp_path / "app", toml="valid_days = 3000\n")
    (tmp_path / "pass").write_text("correct horse\n")
    (tmp_path / "pass").chmod(0o600)
    run("release keys init keys --passphrase-file pass --root-passphrase-file pass")
    return tmp_path


def run(line: str, status: int = 0) -> Result:
    done = CliRunner().invoke(program, line.split())
    if isinstance(done.exception, CaretakerError):
        assert done.exception.exit_status == status, done.exception.message
        assert done.exception.hint
    else:
        assert done.exit_code == status, (done.output, done.exception)
    return done


def said(done: Result) -> str:
    assert isinstance(done.exception, CaretakerError)
    return f"{done.exception.code}: {done.exception.message}"


BUILD = "release build app --version 1.1 --passphrase-file pass --output"


def test_from_keys_to_a_verified_bundle(place: Path) -> None:
    told = run(f"{BUILD} a.bundle").output
    assert "a.bundle: shop 1.1," in told
    assert "it says 1.1" in told
    again = json.loads(run(f"{BUILD} b.bundle --json").stdout)
    assert (place / "a.bundle").read_bytes() == (place / "b.bundle").read_bytes()
    assert again["sha256"] in told
    for trusted in ("--keys keys", "--root keys/root.json"):
        assert "signatures  good until" in run(f"release verify a.bundle {trusted}").output
    record = json.loads(run("release verify a.bundle --keys keys --json").output)["record"]
    assert json.loads(run("release inspect a.bundle --json").output)["record"] == record
    assert "not checked here" in run("release inspect a.bundle").output


def test_refusals_have_their_exit_status(place: Path) -> None:
    run(f"{BUILD} a.bundle")
    (place / "cut.bundle").write_bytes((place / "a.bundle").read_bytes()[:-600])
    assert "bundle-invalid" in said(run("release verify cut.bundle --keys keys", 7))
    assert "bundle-invalid" in said(run("release inspect pass", 7))
    run("release keys init others --passphrase-file pass --root-passphrase-file pass")
    assert "bundle-refused" in said(run("release verify a.bundle --keys others", 7))
    assert "key-invalid" in said(run("release verify a.bundle --root nothing", 3))
    assert "file-unreadable" in said(run("release verify nothing --keys keys", 4))
    assert "usage" in said(run("release verify a.bundle --keys keys --root x", 2))
    assert "not-set-up" in said(run(f"--root {place} release verify a.bundle", 3))


def test_an_appliance_verifies_by_what_it_trusts(place: Path) -> None:
    run(f"{BUILD} a.bundle")
    etc = place / "root/etc/caretaker"
    (etc / "keys").mkdir(parents=True)
    (etc / "appliance.toml").write_text((place / "app/appliance.toml").read_text())
    assert "key-invalid" in said(run("--root root release verify a.bundle", 3))
    (etc / "keys/root.json").write_bytes((place / "keys/root.json").read_bytes())
    assert "shop 1.1" in run("--root root release verify a.bundle").output


def test_rotation_and_what_is_shown(place: Path) -> None:
    shown = json.loads(run("release keys show keys --json").output)
    assert shown["root"] == 1
    assert len(shown["at_hand"]) == 6
    key = shown["roles"]["root"]["keys"][0]
    words = f"--replace root-{key[:8]} --replace targets --passphrase-file pass"
    assert "root 2" in run(f"release keys rotate keys {words}").output
    text = run("release keys show keys").output
    assert "root: 2 of 3 keys must sign" in text
    assert key[:12] not in text
    run(f"{BUILD} a.bundle")
    assert "good until" in run("release verify a.bundle --root keys/roots/1.root.json").output


def test_passphrases_never_come_from_the_command_line(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "release build app --version 1.1 --output a.bundle"
    assert "nobody is here to be asked: " in said(run(line, 2))
    monkeypatch.setenv("CARETAKER_PASSPHRASE_FILE", str(place / "pass"))
    run(line)
    (place / "pass").write_text("another one\n")
    assert "does not open" in said(run(line, 3))
    (place / "pass").chmod(0o666)
    assert "file-unsafe" in said(run(line, 4))
    (place / "short").write_text("x")
    assert "8 characters" in said(run("release keys init more --passphrase-file short", 2))


def test_the_time_of_a_release(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def created(more: str = "") -> int:
        told = json.loads(run(f"{BUILD} a.bundle --json {more}").stdout)
        return int(told["created"])

    assert created() == CREATED + 150 * 86400
    assert created("--created 2026-06-01T00:00:00Z") == 1780272000
    assert created("--created 1780272000") == 1780272000
    assert "is no time" in said(run(f"{BUILD} a.bundle --created yesterday", 2))
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert "no commit to date it by" in run(f"{BUILD} a.bundle").output


def test_notes_need_a_repository(place: Path) -> None:
    assert "command-failed" in said(run("release notes app --version 1.1", 4))
    assert "usage" in said(run("release notes app --version 1.1 --from=--output=x", 2))
    assert "release-invalid" in said(run("release notes app", 3))


def test_where_there_is_no_appliance_the_next_step_is_told(place: Path) -> None:
    run(f"{BUILD} a.bundle")
    done = run("--root nowhere release verify a.bundle", 3)
    assert isinstance(done.exception, CaretakerError)
    assert done.exception.hint == "caretaker release verify a.bundle --keys keys/"


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("release keys init more --passphrase-file pass", "--root-passphrase-file FILE"),
        ("release keys init more", "--passphrase-file FILE"),
    ],
)
def test_the_option_that_is_missing_is_named(place: Path, line: str, option: str) -> None:
    done = run(line, 2)
    assert isinstance(done.exception, CaretakerError)
    assert done.exception.hint == option
