"""Archives: what is put in comes out, by tar and zstd too; what was touched is never believed."""

import hashlib
import io
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from agent.host import archive_read, archive_write
from agent.host.failures import FileFailure
from agent.host.unpacking import _Timed

KEY = b"key of this machine"


def tree(home: Path) -> Path:
    (home / "sub").mkdir(parents=True)
    (home / "a").write_bytes(os.urandom(5000))
    (home / "a").chmod(0o640)
    (home / "sub/odd \\ name\nwith a break").write_text("x")
    (home / "sub/empty").write_text("")
    (home / "link").symlink_to("a")
    (home / "folder-link").symlink_to("sub")
    os.mkfifo(home / "pipe")
    return home


def archive(home: Path, target: Path, *, skip: frozenset[str] = frozenset()) -> Path:
    with archive_write.writing(target, key=KEY) as made:
        made.add_bytes("README", b"hello")
        assert made.add_tree(home, "data", skip) == []
    return target


def read(path: Path, **more: object) -> archive_read.Found:
    return archive_read.read(path, limit=1 << 30, **more)  # type: ignore[arg-type]
    # (keywords handed through)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    home = tree(tmp_path / "home")
    file = archive(home, tmp_path / "x.tar.zst")
    found = read(file, into=tmp_path / "out", keep=frozenset(["README"]))
    assert found.whole
    assert found.sealed_with(KEY)
    assert not found.sealed_with(b"another")
    assert not found.sealed_with(b"")
    assert found.kept == {"README": b"hello"}
    out = tmp_path / "out/data"
    assert (out / "a").read_bytes() == (home / "a").read_bytes()
    assert (out / "a").stat().st_mode & 0o777 == 0o640
    assert int((out / "a").stat().st_mtime) == int((home / "a").stat().st_mtime)
    assert os.readlink(out / "link") == "a"
    assert os.readlink(out / "folder-link") == "sub"
    assert (out / "sub/odd \\ name\nwith a break").read_text() == "x"
    assert not (out / "pipe").exists()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_what_is_skipped_stays_out(tmp_path: Path) -> None:
    file = archive(tree(tmp_path / "h"), tmp_path / "x", skip=frozenset(["sub", "a"]))
    assert set(read(file).sums) == {"README"}


@pytest.mark.real
@pytest.mark.skipif(not shutil.which("zstd"), reason="zstd is not installed")
def test_tar_zstd_and_sha256sum_read_it_without_us(tmp_path: Path) -> None:
    archive(tree(tmp_path / "home"), tmp_path / "x.tar.zst")
    script = "zstd -q -d -c ../x.tar.zst | tar -x -p && sha256sum --quiet -c SHA256SUMS"
    (tmp_path / "by-hand").mkdir()
    done = subprocess.run(["sh", "-ec", script], cwd=tmp_path / "by-hand", check=False,
                          capture_output=True, timeout=30)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "by-hand/data/a").read_bytes() == (tmp_path / "home/a").read_bytes()


def test_nothing_changed_is_ever_believed(tmp_path: Path) -> None:
    """Bits, cuts and bytes too many, at 400 places: a failure, or not whole, or not sealed.

    What comes after the last entry (padding, zstd's checksum) may be cut: nothing is lost by it.
    """
    file = archive(tree(tmp_path / "home"), tmp_path / "x.tar.zst")
    whole, meant = file.read_bytes(), read(file)
    chance = random.Random(4)
    for number in range(400):
        spoilt = bytearray(whole)
        place = chance.randrange(len(whole))
        if number % 4 == 0:
            spoilt = spoilt[:place]
        elif number % 4 == 1:
            spoilt[place:place] = os.urandom(3)
        else:
            spoilt[place] ^= 1 << chance.randrange(8)
        file.write_bytes(spoilt)
        try:
            found = read(file)
        except FileFailure:
            continue
        if found.whole and found.sealed_with(KEY):
            assert found == meant, (number, place)
            assert whole.startswith(spoilt), (number, place)
            assert len(whole) - len(spoilt) < 32, (number, place)


def made(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    """An archive by a stranger, with sums that fit."""
    raw, sums = io.BytesIO(), {}
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
            if entry.isreg():
                sums[entry.name] = hashlib.sha256(content).hexdigest()
        text = archive_write.sums_text(sums)
        entry = tarfile.TarInfo("SHA256SUMS")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    path.write_bytes(zstandard.compress(raw.getvalue()))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tuple[
    tarfile.TarInfo, bytes
]:  # fmt: skip
    found = tarfile.TarInfo(name)
    found.type, found.linkname, found.mode = kind, link, mode
    return found, b"evil" if kind == tarfile.REGTYPE else b""


@pytest.mark.parametrize(
    "bad",
    [
        entry("../out"), entry("/etc/out"), entry("a/../../out"), entry("data//x"), entry("./x"),
        entry("x", tarfile.LNKTYPE, "/etc/passwd"), entry("x", tarfile.CHRTYPE),
        entry("x", tarfile.FIFOTYPE), entry("/".join("a" * 300)),
    ],
    ids=lambda each: each[0].name[:20] + str(each[0].type),
)  # fmt: skip
def test_a_strangers_names_and_kinds_are_refused(
    tmp_path: Path, bad: tuple[tarfile.TarInfo, bytes]
) -> None:
    file = made(tmp_path / "x", bad)
    with pytest.raises(FileFailure):
        read(file, into=tmp_path / "out")
    assert not (tmp_path / "out/out").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = entry("data", tarfile.SYMTYPE, str(tmp_path / "there"))
    with pytest.raises(FileFailure):
        read(made(tmp_path / "x", link, entry("data/file")), into=tmp_path / "out")
    assert list((tmp_path / "there").iterdir()) == []


def test_no_set_uid_program_comes_out(tmp_path: Path) -> None:
    read(made(tmp_path / "x", entry("tool", mode=0o6755)), into=tmp_path / "out")
    assert (tmp_path / "out/tool").stat().st_mode & 0o7777 == 0o755


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path) -> None:
    big = tarfile.TarInfo("big")
    file = made(tmp_path / "x", (big, bytes(50 << 20)))
    assert file.stat().st_size < 100_000
    with pytest.raises(FileFailure, match="holds more"):
        archive_read.read(file, limit=1 << 20, into=tmp_path / "out")
    assert sum(p.stat().st_size for p in (tmp_path / "out").rglob("*")) == 0


def test_a_header_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 33
    (tmp_path / "x").write_bytes(zstandard.compress(header.tobuf() + bytes(4096)))
    with pytest.raises(FileFailure, match="damaged"):
        read(tmp_path / "x")


def test_a_link_is_no_archive(tmp_path: Path) -> None:
    file = archive(tree(tmp_path / "home"), tmp_path / "x")
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(FileFailure):
        read(tmp_path / "link")


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileFailure, match="No space left"):
        archive(tree(tmp_path / "home"), tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


def test_a_disk_that_takes_a_part_gets_the_rest() -> None:
    class Slow(io.BytesIO):
        def write(self, content: Any, /) -> int:
            return super().write(bytes(content)[:3])

    out = Slow()
    assert _Timed(out, tarfile.TarInfo("x")).write(b"eleven byte") == 11
    assert out.getvalue() == b"eleven byte"
