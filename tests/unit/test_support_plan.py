"""A plan says what a bundle will weigh, from a few blocks, and changes nothing."""

import gzip
import lzma
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from agent.host.clock import Clock
from agent.host.failures import HostFailure
from agent.layout import Layout
from support.collectors import logs
from support.collectors.collector import FIRST, LAST, LATER, Collector, Sample, Source
from support.collectors.limits import Limits
from support.collectors.plan import Plan, Planned, plan
from support.scene import Scene
from tests.scripted_host import NOW, scripted_host


def scene(root: Path) -> Scene:
    return Scene(scripted_host(root), Layout(root, "shop"), None, NOW - 86400, NOW, rescue=True)


def limits(**more: int) -> Limits:
    account = Limits(Clock(), Clock().monotonic() + 60)
    return replace(account, raw=more.get("raw", 1 << 30), given=more.get("given", 0))


def nothing(_: Scene) -> Iterable[Source]:
    raise AssertionError("a plan collects nothing")


def collector(code: str, guess: int, priority: int = FIRST, *, cap: int = 1 << 30) -> Collector:
    return Collector(code, code, code, nothing, lambda _: guess, cap=cap, priority=priority)


def line(number: int) -> bytes:
    return b"2026-11-21T07:%02d:%02d.%06d level=info id=%016x path=/api/%d\n" % (
        number // 60 % 60, number % 60, number * 7919 % 10**6, number * 0x9E3779B97F4A7C15 % 2**64,
        number % 97,
    )  # fmt: skip


def put(root: Path, name: str, content: bytes, *, age: float = 60) -> None:
    place = root / "var/log/shop" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    os.utime(place, (NOW - age, NOW - age))


def planned(found: Plan, code: str) -> Planned:
    return next(each for each in found.collectors if each.code == code)


def test_logs_are_estimated_from_a_few_blocks_packed_ones_too(root: Path) -> None:
    text = b"".join(line(number) for number in range(40_000))
    put(root, "app.log", text)
    put(root, "app.log.1", text[: len(text) // 2])
    put(root, "app.log.2.gz", gzip.compress(text, 6))
    put(root, "app.log.3.xz", lzma.compress(text, preset=1))
    put(root, "app.log.9", text, age=9e5)
    found = plan([logs.APPLICATION], scene(root), limits())
    raw = len(text) * 3.5
    assert 0.9 * raw < planned(found, "logs-application").raw < 1.1 * raw
    packer = zstandard.ZstdCompressor(level=3)
    packed = len(packer.compress(text)) * 3.5
    assert 0.8 * packed < planned(found, "logs-application").packed < 1.2 * packed


def test_files_whose_samples_fail_are_guessed_like_the_others(root: Path) -> None:
    def sample(_: Scene) -> Iterable[Sample]:
        yield Sample(1000, b"abc\n" * 200)
        yield Sample(9000, b"")

    one = replace(collector("one", 0), sample=sample)
    found = plan([one], scene(root), limits())
    assert planned(found, "one").raw == 10_000
    assert 0 < planned(found, "one").packed < 1000


def test_one_that_cannot_look_is_a_line(root: Path) -> None:
    def fail(_: Scene) -> int:
        raise HostFailure("the journal is damaged")

    broken = replace(collector("broken", 0), guess=fail)
    found = plan([broken, collector("well", 500)], scene(root), limits())
    assert planned(found, "broken").why == "nobody knows how much: the journal is damaged"
    assert found.raw == 500


def test_caps_and_limits_are_kept_and_the_least_important_goes_first(root: Path) -> None:
    few = [
        collector("last", 500_000, LAST),
        collector("first", 5_000_000, cap=600_000),
        collector("later", 1_000_000, LATER),
    ]
    account = limits(raw=1_000_000)
    found = plan(few, scene(root), account)
    assert [each.code for each in found.collectors] == ["first", "later", "last"]
    assert planned(found, "first").raw == 600_000
    assert planned(found, "later").raw == 350_000
    assert planned(found, "last").why == "there was no room left"
    assert account.given == 0


def test_what_says_nothing_of_another_disk_is_left_in_rescue(root: Path) -> None:
    found = plan([replace(collector("live", 9), rescue=False)], scene(root), limits())
    assert planned(found, "live").why


def test_room_on_the_disk_counts_what_was_given_as_packed() -> None:
    account = limits(given=50 << 20)
    account.room = lambda: 10 << 20
    assert account.bytes(FIRST) == pytest.approx(50 << 20, rel=0.01)
