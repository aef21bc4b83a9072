"""Archives that a stranger wrote by hand: refused before they cost memory or room."""

import tarfile
from pathlib import Path

import pytest
import zstandard

from agent.host import archive_read
from agent.host.failures import FileFailure

END = bytes(1024)
HOLES = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "10"}


def entry(name: str, size: int, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> bytes:
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    return made.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def before(facts: dict[str, str]) -> bytes:
    """A header of headers: what it says counts for the entry after it."""
    made = tarfile.TarInfo("x")
    made.pax_headers = facts
    return made.tobuf(tarfile.PAX_FORMAT)[:-512]


@pytest.mark.parametrize("size", [-1, -511, -1536, -(1 << 40)])
def test_no_entry_makes_room_for_others(tmp_path: Path, size: int) -> None:
    # Its size would be taken off what counts against the limit.
    refused(tmp_path, before({"size": str(size)}) + entry("a", 0) + END)


def test_lists_of_holes_are_not_read(tmp_path: Path) -> None:
    long = b"100000000\n" + b"1\n" * (1 << 20)
    refused(tmp_path, before(HOLES) + entry("a", len(long), long) + END)
    refused(tmp_path, before({"GNU.sparse.map": "0,1,9,1"}) + entry("a", 512, b"9" * 512) + END)
    refused(tmp_path, entry("a", 0, kind=tarfile.GNUTYPE_SPARSE) + END)


def refused(home: Path, tar: bytes) -> None:
    file = home / "x.tar.zst"
    file.write_bytes(zstandard.compress(tar))
    with pytest.raises(FileFailure, match="damaged"):
        archive_read.read(file, into=home / "out", limit=1 << 30)
    (home / "out").rmdir()


def test_a_plain_one_made_by_hand_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x.tar.zst"
    file.write_bytes(zstandard.compress(before({"mtime": "1.5"}) + entry("a", 3, b"abc") + END))
    assert set(archive_read.read(file, limit=10).sums) == {"a"}
