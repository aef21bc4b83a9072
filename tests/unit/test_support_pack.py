"""The archive of a support bundle: one valid stream that tar and zstd read, the same each time."""

import io
import random
import subprocess
import tarfile
from pathlib import Path

import pytest
import zstandard

from agent.host import growing
from agent.host.failures import FileFailure
from support.bundle import pack

AT = 1_795_248_000
BIG = b"".join(b"line %d of a log\n" % number for number in range(90_000))


def archive(path: Path, files: dict[str, bytes], *, step: int = 1 << 16) -> bytes:
    out = growing.begin(path)
    packer = pack.Packer(out, at=AT)
    for name, content in files.items():
        packer.open(name)
        for start in range(0, len(content), step):
            packer.write(content[start : start + step])
        assert packer.close().size == len(content)
    packer.finish()
    out.close()
    return path.read_bytes()


def read(content: bytes) -> dict[str, bytes]:
    plain = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True)
    with tarfile.open(fileobj=io.BytesIO(plain.read()), mode="r:") as tar:
        found = {}
        for entry in tar:
            assert (entry.uid, entry.gid, entry.mtime, entry.mode) == (0, 0, AT, 0o600)
            member = tar.extractfile(entry)
            assert member is not None
            found[entry.name] = member.read()
        return found


def sample() -> dict[str, bytes]:
    return {
        "small": b"one line\n",
        "empty": b"",
        "logs/big.log": BIG,
        "edge": b"e" * pack.SMALL,
        "beyond": b"e" * (pack.SMALL + 1),
        "long/" + "n" * 250: BIG[:400_000],
        "häß": b"name",
    }


def test_what_was_put_in_comes_out(tmp_path: Path) -> None:
    assert read(archive(tmp_path / "a", sample())) == sample()


def test_the_same_files_give_the_same_bytes_however_they_came(tmp_path: Path) -> None:
    first = archive(tmp_path / "a", sample(), step=1 << 20)
    assert archive(tmp_path / "b", sample(), step=1237) == first


@pytest.mark.real
def test_zstd_and_gnu_tar_read_it(tmp_path: Path) -> None:
    archive(tmp_path / "a.tar.zst", sample())
    subprocess.run(["zstd", "-q", "-t", tmp_path / "a.tar.zst"], check=True)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "-x", "--zstd", "-f", tmp_path / "a.tar.zst", "-C", out], check=True)
    assert {name: (out / name).read_bytes() for name in sample()} == sample()


def test_a_dropped_file_leaves_nothing(tmp_path: Path) -> None:
    out = growing.begin(tmp_path / "a")
    packer = pack.Packer(out, at=AT)
    packer.put("kept", b"kept")
    packer.open("gone")
    packer.write(random.Random(1).randbytes(700_000))
    packer.drop()
    packer.open("gone-too")
    packer.write(b"small")
    packer.drop()
    packer.put("last", BIG)
    packer.finish()
    out.close()
    assert read((tmp_path / "a").read_bytes()) == {"kept": b"kept", "last": BIG}


def test_a_stored_frame_is_as_long_for_every_size() -> None:
    lengths = {len(pack.stored(pack.header("x" * 120, size, AT))) for size in (0, 7, 8**11 - 1)}
    assert len(lengths) == 1


def test_a_file_is_ours_alone_and_never_replaces_another(tmp_path: Path) -> None:
    out = growing.begin(tmp_path / "x.part")
    assert (tmp_path / "x.part").stat().st_mode & 0o777 == 0o600
    out.append(b"mine")
    (tmp_path / "x").write_bytes(b"theirs")
    with pytest.raises(FileFailure, match="there is such a file already"):
        out.name_it("x")
    with pytest.raises(FileFailure):
        growing.begin(tmp_path / "x.part")
    assert out.name_it("y").read_bytes() == b"mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "y"]
    out.close()


def test_whoever_swaps_the_working_name_does_not_get_theirs_named(tmp_path: Path) -> None:
    out = growing.begin(tmp_path / "x.part")
    out.append(b"mine")
    (tmp_path / "x.part").rename(tmp_path / "moved")
    (tmp_path / "x.part").write_bytes(b"theirs")
    assert out.name_it("y").read_bytes() == b"mine"
    out.close()
    assert (tmp_path / "x.part").read_bytes() == b"theirs"


def test_nothing_is_gone_on_with_that_others_may_write(tmp_path: Path) -> None:
    (tmp_path / "open.part").write_bytes(b"")
    (tmp_path / "open.part").chmod(0o644)
    (tmp_path / "link.part").symlink_to(tmp_path / "open.part")
    for name in ("open.part", "link.part"):
        with pytest.raises(FileFailure):
            growing.go_on(tmp_path / name)
