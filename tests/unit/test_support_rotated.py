"""Packed logs come out plain; a bomb, a stump or rubbish costs one line."""

import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from agent.host import found
from agent.host.failures import HostFailure
from support.collectors import rotated
from support.collectors.rotated import Unpacking

TEXT = b"".join(b"line %06d of a log that was turned\n" % number for number in range(40_000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 6),
    "bz2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=1),
    "zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


def unpacking(root: Path, kind: str, content: bytes) -> Unpacking:
    (root / f"a.log.2.{kind}").write_bytes(content)
    [file] = found.matching(root, f"/a.log.2.{kind}")
    return Unpacking(file, rotated.kind_of(file.relative), 1 << 30)


def ending(one: Unpacking) -> tuple[int, str]:
    """How many bytes came, and what was said then."""
    given = 0
    try:
        for block in one.blocks():
            given += len(block)
    except HostFailure as failure:
        return given, str(failure)
    return given, ""


@pytest.mark.parametrize("kind", PACKERS)
def test_comes_out_as_it_was(root: Path, kind: str) -> None:
    blocks = list(unpacking(root, kind, PACKERS[kind](TEXT)).blocks())
    assert b"".join(blocks) == TEXT
    assert max(map(len, blocks)) <= 256 << 10


@pytest.mark.parametrize("kind", PACKERS)
def test_several_parts_are_one_log(root: Path, kind: str) -> None:
    packed = PACKERS[kind](b"one\n") + PACKERS[kind](b"two\n") + PACKERS[kind](TEXT)
    assert b"".join(unpacking(root, kind, packed).blocks()) == b"one\ntwo\n" + TEXT


@pytest.mark.parametrize("kind", PACKERS)
def test_an_empty_one_is_empty(root: Path, kind: str) -> None:
    assert b"".join(unpacking(root, kind, PACKERS[kind](b"")).blocks()) == b""


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_stump_gives_what_it_has(root: Path, kind: str) -> None:
    packed = PACKERS[kind](os.urandom(400 << 10).hex().encode())
    given, why = ending(unpacking(root, kind, packed[: len(packed) * 2 // 3]))
    assert "could not be unpacked to its end" in why
    assert given > 200 << 10


@pytest.mark.parametrize("kind", PACKERS)
def test_rubbish_is_told(root: Path, kind: str) -> None:
    with pytest.raises(HostFailure):
        list(unpacking(root, kind, b"this was never packed at all, it only says so").blocks())


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_bomb_is_cut(root: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotated, "_SMALL", 1 << 20)
    bomb = PACKERS[kind](b"boom\n" * (1 << 19))
    given, why = ending(unpacking(root, kind, bomb))
    assert "times its size" in why
    assert given <= max(2 << 20, 310 * len(bomb))


def test_what_wants_too_much_memory_is_refused(root: Path) -> None:
    greedy = [
        {
            "id": lzma.FILTER_LZMA2,
            "dict_size": 64 << 20,
            "mode": lzma.MODE_FAST,
            "mf": lzma.MF_HC3,
            "nice_len": 8,
            "depth": 1,
        }
    ]
    packed = lzma.compress(TEXT, filters=greedy)
    with pytest.raises(HostFailure, match="memory"):
        list(unpacking(root, "xz", packed).blocks())
    wide = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    frame = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    packed = frame.compress(TEXT) + frame.flush()
    with pytest.raises(HostFailure):
        list(unpacking(root, "zst", packed).blocks())


@pytest.mark.parametrize(
    ("name", "kind"), [("a.log", ""), ("a.log.1.gz", "gz"), ("a.zst", "zst"), ("gz", "gz")]
)
def test_the_ending_says_how_it_is_packed(name: str, kind: str) -> None:
    assert rotated.kind_of(name) == kind
