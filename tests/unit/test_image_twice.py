"""The bench that compares two builds: it sees one byte, and names causes by path."""

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from bench.image import twice
from tests.unit.disk_stage import dressed, tar_of, usual

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("qemu-img"), reason="needs qemu-img: qemu-utils"),
]


def folder(path: Path, *, raw: bytes = b"disk" * 1024, tar: bytes = b"") -> Path:
    path.mkdir()
    (path / "root.tar").write_bytes(tar or dressed(tar_of(usual()))[0])
    (path / "base.raw").write_bytes(raw)
    (path / "base.qcow2").write_bytes(raw[::-1])
    (path / "base.json").write_text(json.dumps({"archive": []}))
    return path


def test_equal_builds_meet_every_bar(tmp_path: Path) -> None:
    steps = [{"all": 80.0, "packages": 50.0}, {"all": 101.0}]
    report = twice.base(folder(tmp_path / "a"), folder(tmp_path / "b"), steps)
    met = {bar.figure: bar.met for bar in report.bars}
    assert met.pop("build 2, wall") is False
    assert set(met.values()) == {True}
    assert "build 1: all 80.0 s, packages 50.0 s" in report.notes


def test_one_byte_is_seen_and_placed(tmp_path: Path) -> None:
    raw = bytes(3 << 20)
    one, other = folder(tmp_path / "a", raw=raw), folder(tmp_path / "b", raw=raw[:-1] + b"x")
    report = twice.base(one, other, [])
    assert [bar.figure for bar in report.bars if not bar.met] == [
        "base.raw: bytes that differ", "base.qcow2: bytes that differ",
    ]  # fmt: skip
    assert "base.raw: bytes differ in MiB 2" in report.notes


def test_a_file_that_differs_is_named(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("./etc/new")
    out = io.BytesIO()
    with tarfile.TarFile(fileobj=out, mode="w") as target:
        target.addfile(entry)
    report = twice.base(folder(tmp_path / "a"), folder(tmp_path / "b", tar=out.getvalue()), [])
    assert any(note.startswith("root.tar: ./etc/new: None against") for note in report.notes)


def tree(path: Path, **files: str) -> Path:
    for name, content in files.items():
        place = path / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return path


def test_a_path_without_a_cause_misses_the_bar(tmp_path: Path) -> None:
    one = tree(tmp_path / "a", etc__same="x", var__log__one="1", usr__odd="1")
    other = tree(tmp_path / "b", etc__same="x", var__log__one="2", usr__odd="2")
    report = twice.golden(one, other)
    assert report.rows == [
        ["/usr/odd", "content", "**not known**"],
        ["/var/log/one", "content", "written while it was booted"],
    ]
    assert [bar.met for bar in report.bars] == [False]


@pytest.mark.parametrize(
    ("path", "known"),
    [("/etc/machine-id", True), ("/usr/bin/sh", False), ("/var/lib/app/data", False)],
)
def test_causes_are_by_path(path: str, known: bool) -> None:
    assert bool(twice.cause_of(path)) is known
