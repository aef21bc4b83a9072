"""examples/sochdb: the manifest holds, the payload is what was pinned, a token is one."""

import base64
import hashlib
import hmac
import io
import json
import types
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from agent.manifest.reader import examine

EXAMPLE = Path(__file__).parents[2] / "examples/sochdb"


def program(path: Path) -> types.ModuleType:
    """A script without .py, as a module."""
    name = path.name.replace("-", "_")
    spec = spec_from_loader(name, SourceFileLoader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    """fetch-payload, trusting a small wheel in tmp_path/wheels instead of the real one."""
    module = program(EXAMPLE / "fetch-payload")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr("sochdb/_bin/x86_64-unknown-linux-gnu/sochdb-grpc-server", b"the server")
        wheel.writestr("sochdb-0.8.3.dist-info/licenses/LICENSE", b"the licence")
        wheel.writestr("sochdb/__init__.py", b"not wanted")
    (tmp_path / "wheels").mkdir()
    name = "sochdb-0.8.3-py3-none-manylinux_2_17_x86_64.whl"
    (tmp_path / "wheels" / name).write_bytes(content.getvalue())
    pin = module.Pin(module.sha256(content.getvalue()), module.sha256(b"the server"))
    monkeypatch.setattr(module, "PINS", {("0.8.3", "x86_64"): pin})
    monkeypatch.setattr(module, "LICENCE_SHA256", module.sha256(b"the licence"))
    return module


def run(
    fetch: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *more: str
) -> Path:
    payload = tmp_path / "payload"
    words = ["--machine", "x86_64", "--from", str(tmp_path / "wheels"), "--to", str(payload), *more]
    monkeypatch.setattr("sys.argv", ["fetch-payload", *words])
    fetch.main()
    return payload


def test_manifest_is_right_and_short() -> None:
    text = (EXAMPLE / "appliance.toml").read_text()
    manifest, mistakes = examine(text)
    assert mistakes == []
    assert manifest is not None
    assert len(text.splitlines()) < 60
    assert manifest.release.build == ["./fetch-payload", "--version", manifest.appliance.version]


def test_no_secret_stands_in_a_command() -> None:
    manifest, _ = examine((EXAMPLE / "appliance.toml").read_text())
    assert manifest is not None
    assert not any("{secret:" in word for word in manifest.services["sochdb"].command)


def test_payload_holds_the_server_the_licence_and_nothing_else(
    fetch: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = run(fetch, tmp_path, monkeypatch)
    found = {str(file.relative_to(payload)) for file in payload.rglob("*") if file.is_file()}
    assert found == {"LICENSE", "VERSION", "bin/sochdb-grpc-server", "bin/sochdb-token"}
    assert (payload / "bin/sochdb-grpc-server").read_bytes() == b"the server"
    assert (payload / "bin/sochdb-grpc-server").stat().st_mode & 0o777 == 0o755


def test_second_run_touches_nothing_and_needs_no_wheel(
    fetch: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = run(fetch, tmp_path, monkeypatch)
    before = {file: file.stat() for file in payload.rglob("*")}
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    run(fetch, tmp_path, monkeypatch)
    after = {file: file.stat() for file in payload.rglob("*")}
    assert {file: (s.st_ino, s.st_mtime_ns) for file, s in after.items()} == {
        file: (s.st_ino, s.st_mtime_ns) for file, s in before.items()
    }


def test_damaged_or_interrupted_payload_is_made_anew(
    fetch: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = run(fetch, tmp_path, monkeypatch)
    (payload / "bin/sochdb-grpc-server").write_bytes(b"cut sho")
    (payload / ".part-left-over").mkdir()
    run(fetch, tmp_path, monkeypatch)
    assert (payload / "bin/sochdb-grpc-server").read_bytes() == b"the server"
    assert not list(payload.glob(".part-*"))


def test_another_wheel_is_refused_and_nothing_is_written(
    fetch: types.ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (wheel,) = (tmp_path / "wheels").iterdir()
    wheel.write_bytes(wheel.read_bytes() + b"x")
    with pytest.raises(SystemExit) as stop:
        run(fetch, tmp_path, monkeypatch)
    assert stop.value.code == 7
    assert "SHA-256" in capsys.readouterr().err
    assert list((tmp_path / "payload").iterdir()) == []


@pytest.mark.parametrize("trick", ["missing", "link"])
def test_wheel_that_can_not_be_read_is_told(
    fetch: types.ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trick: str,
) -> None:
    (wheel,) = (tmp_path / "wheels").iterdir()
    moved = wheel.rename(tmp_path / "elsewhere.whl")
    if trick == "link":
        wheel.symlink_to(moved)
    with pytest.raises(SystemExit) as stop:
        run(fetch, tmp_path, monkeypatch)
    assert stop.value.code == 4
    assert str(wheel) in capsys.readouterr().err


def test_token_is_signed_with_the_key_of_the_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "key").write_text("k" * 64 + "\n")
    words = ["--key-file", str(tmp_path / "key"), "--role", "viewer", "--name", "report"]
    monkeypatch.setattr("sys.argv", ["sochdb-token", *words])
    program(EXAMPLE / "files/sochdb-token").main()
    signed, _, signature = capsys.readouterr().out.strip().rpartition(".")
    mac = hmac.digest(b"k" * 64, signed.encode(), hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + "=") == mac
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert (claims["sub"], claims["role"]) == ("report", "viewer")
