"""The reader of containers: what it takes is just what was written, and it never crashes."""

import io
import tarfile
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.errors import RefusedError
from agent.host.failures import FileFailure
from agent.release import container
from bench.bundles.vendor import joined

NAMES = container.order_of(1, ["migrations/0001-first/up", "migrations/0001-first/verify.py"])
LONG = f"migrations/0001-{'n' * 41}/{'s' * 81}"


@dataclass
class Bytes:
    """A source in memory, as strict as a file."""

    content: bytes
    most: int = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def read_at(self, offset: int, length: int) -> bytes:
        self.most = max(self.most, length)
        if offset < 0 or offset + length > len(self.content):
            raise FileFailure(__import__("pathlib").Path("x"), "read", "it ends too early")
        return self.content[offset : offset + length]


def good(**other: bytes) -> bytes:
    return joined([(name, other.get(name, name.encode() * 7)) for name in NAMES])


def test_what_was_written_is_read() -> None:
    source = Bytes(good())
    index = container.read_index(source)
    assert list(index) == NAMES
    for name, member in index.items():
        assert source.read_at(member.offset, member.size) == name.encode() * 7


def test_any_tar_reads_it_too() -> None:
    names = container.order_of(1, [LONG])
    content = joined([(name, b"x" * 700) for name in names])
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert archive.getnames() == names
        assert {each.size for each in archive} == {700}
    assert list(container.read_index(Bytes(content))) == names


def test_a_header_is_the_one_that_python_writes() -> None:
    for name, size in (("release.json", 0), (LONG, 8**11 - 1), ("payload.zst", 12345)):
        told = tarfile.TarInfo(name)
        told.size, told.mode, told.uname, told.gname = size, 0o644, "", ""
        theirs = bytearray(told.tobuf(tarfile.USTAR_FORMAT))
        ours = container.header(name, size)
        # Python leaves the device numbers of a file empty; both are ustar.
        theirs[329:345], theirs[148:156] = ours[329:345], ours[148:156]
        assert bytes(theirs) == ours


def test_a_size_is_refused_before_a_byte_of_it_is_read() -> None:
    content = container.header(NAMES[0], 8**11 - 1) + bytes(4096)
    source = Bytes(content)
    with pytest.raises(RefusedError, match="bytes; 262144 are allowed"):
        container.read_index(source)
    assert source.most <= container.BLOCK


@given(st.binary(max_size=4096))
@example(b"")
@example(container.END)
def test_noise_is_refused_in_words(noise: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        container.read_index(Bytes(noise))
    assert caught.value.code == "bundle-invalid"


@given(st.integers(0, len(good()) - 1), st.binary(min_size=1, max_size=600))
def test_noise_over_it_leaves_either_an_error_or_the_same_outside(place: int, noise: bytes) -> None:
    """A change within a member is for the hashes to find; anything else is an error."""
    whole = good()
    spoilt = whole[:place] + noise + whole[place + len(noise) :]
    try:
        index = container.read_index(Bytes(spoilt))
    except RefusedError:
        return
    inside = bytearray(whole)
    for member in index.values():
        end = member.offset + member.size
        inside[member.offset : end] = spoilt[member.offset : end]
    assert bytes(inside) == spoilt


@given(st.lists(st.sampled_from([*NAMES, "metadata/2.root.json", "x", "../x"]), max_size=14))
def test_only_one_order_is_taken(names: list[str]) -> None:
    content = joined([(name, b"1") for name in names])
    two = container.order_of(2, NAMES[6:8])
    if sorted(names) != names and names in (NAMES, two):
        assert list(container.read_index(Bytes(content))) == names
    elif names not in (NAMES, two, [n for n in NAMES if not n.startswith("migrations/")]):
        with pytest.raises(RefusedError):
            container.read_index(Bytes(content))
