"""Archives made to eat memory, to fill a disk, or to show a reader less than tar(1) unpacks."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest
import zstandard

from agent.errors import MachineError
from packer.certify.opening import open_tree

pytestmark = pytest.mark.real  # what is packed is unpacked into /var/tmp, without a name
NOISE = os.urandom(2000)
END = bytes(1024)


def header(name: str, kind: bytes, size: int) -> bytes:
    """A header that claims any size, with a checksum that fits."""
    raw = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    raw[156:157] = kind
    return sealed(raw, size)


def sealed(raw: bytearray, size: int) -> bytes:
    raw[124:136] = b"\x80" + size.to_bytes(11, "big")
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


def members(*names: str, links: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Without what ends an archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, target in links:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name in names:
            file = tarfile.TarInfo(name)
            file.size = len(NOISE)
            archive.addfile(file, io.BytesIO(NOISE))
        return stream.getvalue()[: archive.offset]


def refused(tmp_path: Path, content: bytes, match: str) -> None:
    (path := tmp_path / "image").write_bytes(content)
    with pytest.raises(MachineError, match=match) as error, open_tree(path):
        pass
    assert error.value.code == "image-invalid"


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
@pytest.mark.parametrize("packed", [True, False])
def test_a_long_name_of_gigabytes_is_not_read(tmp_path: Path, kind: bytes, *, packed: bool) -> None:
    content = header("././@name", kind, 8 << 30) + NOISE + bytes(18 << 20)
    refused(tmp_path, gzip.compress(content, 1) if packed else content, "larger than any")


def test_a_map_of_holes_without_end_is_not_read(tmp_path: Path) -> None:
    raw = bytearray(tarfile.TarInfo("disk.raw").tobuf(tarfile.GNU_FORMAT))
    raw[156:157], raw[482] = b"S", 1
    more = bytearray(512)
    more[504] = 1
    content = sealed(raw, 0) + bytes(more) * (40 << 11)
    refused(tmp_path, gzip.compress(content, 1), "larger than any")


def test_what_comes_after_the_disk_may_be_damaged(tmp_path: Path) -> None:
    content = header("disk.raw", b"0", 4096) + NOISE + bytes(4096 - len(NOISE))
    refused(
        tmp_path,
        gzip.compress(content + header("x", b"x", 1 << 34) + bytes(36 << 20), 1),
        "larger than any",
    )


def test_what_tar_would_unpack_is_never_left_out(tmp_path: Path) -> None:
    """Its reader in Python takes a header it can't read, and zeros, for the end."""
    spoilt = bytearray(header("x", b"0", 0))
    spoilt[150] ^= 1
    first, second = members("etc/good"), members("etc/evil")
    for between in (bytes(spoilt), END):
        refused(tmp_path, first + between + second + END, "goes on with something else")
    refused(tmp_path, gzip.compress(first + END) + gzip.compress(second + END), "goes on with")
    refused(tmp_path, first, "ends too early")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_in_two_parts_is_read_to_its_end(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    (path := tmp_path / "image").write_bytes(
        pack(members("etc/one")) + pack(members("etc/two") + END)
    )
    with open_tree(path) as subject:
        assert subject.tree.names("/etc") == ("one", "two")


def test_nothing_stands_below_a_link_or_a_file(tmp_path: Path) -> None:
    linked = members("lib/x", links=(("lib", "/etc"),))
    refused(tmp_path, linked + END, "below what is no folder")
    refused(tmp_path, members("a", "a/b") + END, "below what is no folder")


def test_what_unpacks_to_a_thousandfold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packer.certify.tar_tree._SMALL", 1 << 16)
    content = members("etc/a") + header("etc/big", b"0", 8 << 20) + bytes(8 << 20) + END
    refused(tmp_path, zstandard.compress(content), "unpacks to more than")
    refused(tmp_path, gzip.compress(content), "unpacks to more than")
