"""What is kept while files stream past: both engines the same, nothing over its limit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.analysers import gather
from support.analysers.analyser import Analyser, Judgement, Seen, Watch
from support.analysers.gather import ENDS, LINE, Gathered
from support.analysers.scan import Engine

ENGINES: tuple[Engine, ...] = ("hyperscan", "plain")
WATCHES = (
    Watch("refused", ("logs/*",), rb"(?i)connection refused"),
    Watch("end", ("logs/*",), rb"done$"),
    Watch("begin", ("logs/*",), rb"^\d+ start"),
    Watch("over", ("logs/*",), rb"a\s+b"),
    Watch("other", ("journal/*",), rb"oops"),
    Watch("theirs", ("logs/*",), rb"code=(?P<n>\d+)", foreign=True),
)


def nothing(_evidence: object) -> list[Judgement]:
    return []


def gathered(engine: Engine, *blocks: bytes, name: str = "logs/a") -> Gathered:
    looking = Analyser("x", "x", nothing, reads=("small/*",), watches=WATCHES)
    evidence = Gathered([looking], engine=engine)
    for block in blocks:
        evidence.feed(name, block)
    evidence.close(name)
    return evidence


def kept(evidence: Gathered) -> dict[str, list[Seen]]:
    return {each.code: evidence.lines(each.code) for each in WATCHES}


@pytest.mark.parametrize("engine", ENGINES)
def test_lines_have_their_numbers_over_the_borders_of_blocks(engine: Engine) -> None:
    evidence = gathered(engine, b"one\ntwo Connection re", b"fused\nthree\n7 start", b" done")
    assert kept(evidence)["refused"] == [Seen("logs/a", 2, "two Connection refused")]
    assert kept(evidence)["begin"] == [Seen("logs/a", 4, "7 start done")]
    assert kept(evidence)["end"] == [Seen("logs/a", 4, "7 start done")]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_match_over_two_lines_is_no_match(engine: Engine) -> None:
    assert gathered(engine, b"a\nb\na  b\n").lines("over") == [Seen("logs/a", 3, "a  b")]


@pytest.mark.parametrize("engine", ENGINES)
def test_only_the_files_of_a_watch_are_looked_at(engine: Engine) -> None:
    assert gathered(engine, b"oops\n").count("other") == 0
    assert gathered(engine, b"oops\n", name="journal/x.log").count("other") == 1


PIECES = (b"connection refused", b"done", b"7 start", b"a", b" ", b"b", b"\n", b"\r\n", b"code=12",
          b"\x00", b"\xff", b"a\tb")  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40), st.randoms(use_true_random=False))
def test_both_engines_say_the_same_however_blocks_are_cut(
    pieces: list[bytes], chance: random.Random
) -> None:
    data = b"".join(pieces)
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    blocks = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole = gathered("plain", data)
    for engine in ENGINES:
        for fed in (gathered(engine, data), gathered(engine, *blocks)):
            assert kept(fed) == kept(whole)
            assert [fed.count(each.code) for each in WATCHES] == [
                whole.count(each.code) for each in WATCHES
            ]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_first_and_the_newest_are_kept_and_all_are_counted(engine: Engine) -> None:
    lines = [b"connection refused %d\n" % n for n in range(1000)]
    evidence = gathered(engine, *lines)
    numbers = [seen.line for seen in evidence.lines("refused")]
    assert numbers == [*range(1, ENDS + 1), *range(1001 - ENDS, 1001)]
    assert evidence.count("refused") == 1000


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_of_ten_megabytes_costs_little_and_hides_nothing_after_it(engine: Engine) -> None:
    long = [b"connection refused ", *[b"x" * (1 << 20)] * 10, b" done\n", b"8 start\n"]
    evidence = gathered(engine, *long)
    (seen,) = evidence.lines("refused")
    assert seen.line == 1
    assert len(seen.text) == gather.SHOWN
    assert evidence.count("end") == 0  # beyond what is looked at of one line
    assert [each.line for each in evidence.lines("begin")] == [2]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("before", [0, LINE - 30, LINE - 4, LINE, 3 * LINE])
def test_a_long_line_reads_the_same_however_blocks_are_cut(engine: Engine, before: int) -> None:
    text = (
        b"1 start\n" + b"x" * before + b" connection refused done" + b"y" * LINE + b" done\ndone\n"
    )
    whole = gathered(engine, text)
    for step in (1000, LINE // 2, LINE, LINE + 1):
        cut = gathered(engine, *[text[at : at + step] for at in range(0, len(text), step)])
        assert kept(cut) == kept(whole)
        assert [seen.line for seen in cut.lines("end")][-1] == 3


def test_small_files_are_kept_whole_and_large_ones_are_not() -> None:
    looking = Analyser("x", "x", nothing, reads=("small/*",))
    evidence = Gathered([looking])
    for name, size in (("small/a", 1000), ("small/b", gather.SMALL + 1), ("large/c", 10)):
        for _ in range(size // 1000 + 1):
            evidence.feed(name, b"x" * 1000)
        evidence.close(name)
    evidence.close("small/empty")
    assert evidence.names() == ["large/c", "small/a", "small/b", "small/empty"]
    assert evidence.read("small/a") == b"x" * 2000
    assert evidence.read("small/b") is None
    assert evidence.read("large/c") is None
    assert evidence.read("small/empty") == b""


def test_all_that_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "ALL_SMALL", 1000)
    monkeypatch.setattr(gather, "ALL_LINES", 30)
    looking = Analyser("x", "x", nothing, reads=("*",), watches=WATCHES)
    evidence = Gathered([looking])
    chance = random.Random(1)
    for number in range(20):
        evidence.feed(f"logs/{number}", chance.randbytes(200).hex().encode() + b"\ndone\n" * 5)
        evidence.close(f"logs/{number}")
    assert 0 < sum(evidence.read(name) is not None for name in evidence.names()) < 10
    assert len(evidence.lines("end")) == 30
    assert evidence.count("end") == 100
