"""`caretaker redact`: a stream and a folder, with what a root is known to have."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from agent.layout import Layout
from support.cli import redact as verb
from support.redact.identities import Identities
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor
from support.redact.whole_folder import learn_all, redact_all

SECRET = "Tr0ub4dor-horse-9"


def machine(root: Path) -> Path:
    """A root with a name, a neighbour, a person, a secret and room for a key."""
    for folder in ("etc/shop", "etc/caretaker", "var/lib/caretaker"):
        (root / folder).mkdir(parents=True)
    (root / "etc/hostname").write_text("saturn\n")
    (root / "etc/hosts").write_text("10.1.2.3 db1.acme.lan db1\n")
    (root / "etc/passwd").write_text("bob:x:1000:1000::/home/bob:/bin/sh\n")
    (root / "etc/shop/shop.ini").write_text(f"[db]\npassword = {SECRET}\n")
    return root


def run(
    *words: str, given: bytes | None = None, home: Path, pipe: bool = True
) -> subprocess.CompletedProcess[bytes]:
    argv = [sys.executable, "-I", "-m", "agent", "redact", *words]
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}
    if given is None:
        return subprocess.run(argv, capture_output=True, env=env, timeout=60, check=False)
    if pipe:
        return subprocess.run(
            argv, input=given, capture_output=True, env=env, timeout=60, check=False
        )
    file = home / "input"
    file.write_bytes(given)
    with file.open("rb") as stream:
        return subprocess.run(
            argv, stdin=stream, capture_output=True, env=env, timeout=60, check=False
        )


@pytest.mark.real
@pytest.mark.parametrize("pipe", [True, False])
def test_a_stream_loses_what_the_root_is_known_to_have(
    root: Path, tmp_path: Path, pipe: bool
) -> None:
    machine(root)
    text = f"saturn and db1 for bob: {SECRET}\nhost=web-07\nweb-07 is up\nall is well\n".encode()
    first, second = ("hyperscan", "plain") if pipe else ("plain", "plain")
    done = run("--root", str(root), "--engine", first, given=text, home=tmp_path, pipe=pipe)
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert not [word for word in (b"saturn", b"db1", b"bob", b"web-07") if word in out]
    assert SECRET.encode() not in out
    assert b"REDACTED-known-value" in out
    assert out.endswith(b" is up\nall is well\n")
    assert (root / "var/lib/caretaker/support/pseudonym.key").stat().st_mode & 0o777 == 0o600
    again = run("--root", str(root), "--engine", second, given=text, home=tmp_path, pipe=pipe)
    assert again.stdout == out


@pytest.mark.real
def test_a_stream_that_is_no_text_is_refused(tmp_path: Path) -> None:
    done = run("--root", str(tmp_path), given=b"\x7fELF\0\0\0", home=tmp_path)
    assert done.returncode == 7
    assert done.stdout == b""
    assert b"not text" in done.stderr


@pytest.mark.real
def test_a_user_without_a_machine_s_key_gets_one_of_their_own(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    first = run("--root", str(bare), "--engine", "plain", given=b"10.1.2.3\n", home=tmp_path)
    own = tmp_path / ".local/state/caretaker/pseudonym.key"
    assert str(own).encode() in first.stderr
    assert own.stat().st_mode & 0o777 == 0o600
    assert (
        run("--root", str(bare), "--engine", "plain", given=b"10.1.2.3\n", home=tmp_path).stdout
        == first.stdout
    )
    assert list(bare.iterdir()) == []


@pytest.mark.real
def test_a_folder_is_redacted_file_by_file(root: Path, tmp_path: Path) -> None:
    machine(root)
    source, out = tmp_path / "in", tmp_path / "out"
    (source / "sub").mkdir(parents=True)
    (source / "a.log").write_text("titan9 came up\n")
    (source / "sub/b.log").write_text("Nov 21 10:11:12 titan9 su: x\n")
    (source / "sub/c.log.1.gz").write_bytes(gzip.compress(f"x {SECRET}\n".encode()))
    (source / "titan9.txt").write_text("nothing\n")
    (source / "bin").write_bytes(b"\0\1\2")
    (source / "link").symlink_to("/etc/passwd")
    os.mkfifo(source / "pipe")
    report = tmp_path / "report.json"
    done = run(
        *("--root", str(root), "--engine", "plain", "--report", str(report)),
        *(str(source), str(out)),
        home=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"titan9" not in (out / "a.log").read_bytes()
    assert (out / "sub/c.log.1").read_text() == "x REDACTED-known-value\n"
    names = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert len(names) == 4
    assert "titan9" not in " ".join(names)
    assert {path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()} == {0o600}
    said = json.loads(report.read_text())
    assert set(said["left_out"]) == {"bin", "link", "pipe"}
    assert said["files"]["sub/c.log.1"] == {"known-value": 1}
    again = run("--root", str(root), str(source), str(out), home=tmp_path)
    assert again.returncode == 2
    assert b"not an empty folder" in again.stderr


def redactor() -> Redactor:
    return Redactor(KnownValues.none(), Identities(b"k" * 32), engine="plain")


@pytest.mark.parametrize("target", [".", "sub/out"])
def test_folders_that_lie_in_each_other_are_refused(tmp_path: Path, target: str) -> None:
    source = tmp_path / "in"
    source.mkdir()
    with pytest.raises(CaretakerError) as raised:
        redact_all(source, source / target, redactor())
    assert raised.value.code == "usage"


def test_a_file_that_breaks_a_rule_is_not_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.log").write_text("fine\n")
    monkeypatch.setattr(KnownValues, "spans", lambda *_: 1 / 0)
    by = redactor()
    with pytest.raises(CaretakerError) as raised:
        redact_all(source, out, by)
    assert raised.value.code == "redaction-failed"
    assert list(out.iterdir()) == []


def test_two_files_that_get_one_name_both_arrive(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.log").write_text("one\n")
    (source / "a.log.gz").write_bytes(gzip.compress(b"two\n"))
    outcome = redact_all(source, out, redactor())
    assert sorted(outcome.counts) == ["a.log", "a.log.2"]
    assert (out / "a.log.2").read_text() == "two\n"


def test_a_packed_file_that_is_damaged_is_said_and_not_there(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (source / "a.log.gz").write_bytes(gzip.compress(b"two\n" * 900)[:-20])
    learn_all(source, Identities(b"k" * 32))
    outcome = redact_all(source, out, redactor())
    assert list(outcome.left) == ["a.log.gz"]
    assert [path for path in out.rglob("*") if path.is_file()] == []


def test_help_shows_how(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verb.command.main(["--help"], obj=Layout(Path("/")))
    assert "caretaker redact < app.log" in capsys.readouterr().out
