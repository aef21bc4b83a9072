"""What one file of a bundle may hold: whole lines, no more than its cap, nothing binary."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.collectors import frames, names
from support.collectors.cuts import Cut
from support.collectors.whole_lines import whole_lines


def test_a_file_of_known_size_keeps_its_newest_lines() -> None:
    lines = [b"line %d\n" % number for number in range(1000)]
    cut = Cut(500, size=sum(map(len, lines)))
    kept = b"".join(cut.pieces(iter(lines)))
    assert kept.endswith(b"line 999\n")
    assert kept.startswith(b"line ")
    assert 400 < len(kept) <= 500
    assert cut.left_out + len(kept) == sum(map(len, lines))


def test_a_file_that_grew_meanwhile_is_no_longer_than_its_cap() -> None:
    cut = Cut(10, size=20)
    assert len(b"".join(cut.pieces(iter([b"0123456789" * 9])))) <= 10


@pytest.mark.parametrize("first", [b"\0ELF", b"x" * 2000 + b"\0", b"\xff\0"])
def test_binary_is_withheld(first: bytes) -> None:
    cut = Cut(9000)
    assert b"".join(cut.pieces(iter([first, b"more"]))) == b""
    assert cut.withheld


def test_what_turns_binary_later_is_cut_there() -> None:
    cut = Cut(9000)
    assert b"".join(cut.pieces(iter([b"text\n", b"more\nhalf\0\0", b"late\n"]))) == b"text\nmore\n"
    assert not cut.withheld
    assert cut.why


@given(
    st.lists(st.binary(max_size=9).map(lambda one: one.replace(b"a", b"\n"))), st.integers(1, 12)
)
def test_whole_lines_are_the_same_bytes_in_blocks_that_end_with_a_line(
    blocks: list[bytes], most: int
) -> None:
    given_ = list(whole_lines(iter(blocks), most))
    whole = b"".join(blocks)
    assert b"".join(given_) == whole
    assert all(0 < len(one) <= most for one in given_)
    place = 0
    for one in given_[:-1]:
        place += len(one)
        # Cut in the middle only of a line that is longer than a block.
        line = whole[whole.rfind(b"\n", 0, place) + 1 :].split(b"\n")[0]
        assert whole[:place].endswith(b"\n") or len(line) + 1 > most


@pytest.mark.parametrize("size", [None, 90_000])
def test_a_cap_cuts_no_line(size: int | None) -> None:
    lines = [b"token=%06d-secret-%06d\n" % (number, number) for number in range(4000)]
    cut = Cut(20_000, size=size)
    kept = b"".join(cut.pieces(iter([b"".join(lines)])))
    assert len(kept) < 20_100
    whole = set(lines)
    assert [one for one in kept.splitlines(keepends=True) if one not in whole and len(one) > 1] == (
        [b"[%d bytes are left out here]\n" % cut.left_out] if size is None else []
    )


def test_names_are_cut_to_what_can_be_unpacked() -> None:
    assert len(names.safe("x" * 5000)) == 255
    assert len(names.safe("/".join(["folder" * 9] * 50))) <= 600
    assert names.safe("bad\udcff.log") == "bad_.log"
    assert names.words("cmd --x=a:b\n\x1b") == "cmd --x=a:b__"


def test_frames_are_read_over_any_borders() -> None:
    pieces = [
        *frames.words(frames.Opening("n", "o")),
        *frames.block(b"abc"),
        *frames.words(frames.Closing(0.1)),
        *frames.words(frames.Done()),
    ]
    stream = b"".join(bytes(piece) for piece in pieces)

    def bytewise() -> Callable[[int], bytes]:
        left = iter(stream)
        return lambda _: bytes([next(left)])

    found = list(frames.frames(bytewise()))
    assert b"".join(one for one in found if isinstance(one, bytes)) == b"abc"
    assert [type(one).__name__ for one in found if not isinstance(one, bytes)] == [
        "Opening",
        "Closing",
        "Done",
    ]
