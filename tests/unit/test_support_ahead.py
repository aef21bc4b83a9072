"""Pseudonyms are on the disk before the bundle that uses them, whoever is killed meanwhile."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from agent.layout import Layout
from support.bundle import ahead, course, unfinished
from support.bundle.ahead import Ahead, take_over
from support.bundle.refining import Tools
from support.redact.identities.pseudonym_map import keep, reveal
from tests.unit.support_bundles import Files, World

pytestmark = pytest.mark.real


@pytest.fixture
def layout(root: Path) -> Layout:
    layout = Layout(root, "shop")
    layout.support_state.mkdir(parents=True, mode=0o700)
    return layout


def noted(layout: Layout) -> list[str]:
    return ahead._path(layout).read_text().splitlines()


def test_each_name_is_noted_once_and_closed_to_others(layout: Layout) -> None:
    hosts: dict[bytes, bytes] = {b"host-a": b"db1"}
    macs: dict[bytes, bytes] = {}
    one = Ahead(layout, (hosts, macs))
    one.note()
    one.note()
    hosts[b"host-b"] = b"db2\n\xff"
    macs[b"02:00"] = b"aa:bb"
    one.note()
    assert noted(layout) == ['["host-a","db1"]', '["host-b","db2\\n\ufffd"]', '["02:00","aa:bb"]']
    assert ahead._path(layout).stat().st_mode & 0o777 == 0o600
    one.over()
    assert not ahead._path(layout).exists()


def test_what_was_left_is_taken_over_but_for_a_line_that_was_cut(layout: Layout) -> None:
    one = Ahead(layout, ({b"host-a": b"db1", b"host-b": b"db2"},))
    one.note()
    path = ahead._path(layout)
    path.write_bytes(path.read_bytes()[:-4])
    kept: list[object] = []
    take_over(layout, kept.append)
    assert kept == [{b"host-a": b"db1"}]
    assert not path.exists()
    take_over(layout, kept.append)
    assert len(kept) == 1


def test_it_stays_where_it_can_not_be_kept(layout: Layout) -> None:
    Ahead(layout, ({b"host-a": b"db1"},)).note()

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="space"):
        take_over(layout, full)
    assert noted(layout) == ['["host-a","db1"]']


def test_a_full_disk_holds_nothing_up(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.support_state.rmdir()
    one = Ahead(layout, ({b"host-a": b"db1"},))
    one.note()
    assert "No such file" in one.why
    one.note()
    one.over()


def killed(world: World, at: Callable[[], None]) -> Callable[[], Iterator[bytes]]:
    def blocks() -> Iterator[bytes]:
        yield b"a line of host db7.corp.example\n"
        at()
        yield b"never seen\n"

    return blocks


class _Names:
    """A redactor that gives one pseudonym and remembers it."""

    def __init__(self) -> None:
        self.given: dict[bytes, bytes] = {}

    def file(self, name: str, blocks: Iterable[bytes], counts: object) -> Iterator[bytes]:
        for block in blocks:
            self.given[b"host-zzzzzzzzzzzz"] = b"db7"
            yield block.replace(b"db7", b"host-zzzzzzzzzzzz")

    def name(self, path: str) -> str:
        return path


def test_of_a_killed_redactor_every_name_that_left_is_known(root: Path) -> None:
    """The first collector is whole; the second kills the redactor in the midst of a file."""
    die = {"once": True}

    def at() -> None:
        if die["once"]:
            os.kill(os.getpid(), signal.SIGKILL)

    files: dict[str, Files] = {"a": {"a.log": b"on db7\n"}}
    world = World(root, files)
    files["b"] = {"b.log": killed(world, at)}
    layout = Layout(root, "shop")
    before = world.tools

    def make(scene: object) -> Tools:
        made, names = before(scene), _Names()  # type: ignore[arg-type]  # a scene
        one = Ahead(layout, (names.given,))
        return Tools(made.said, names, made.scanner, made.collectors, made.run, note=one.note)

    layout.support_state.mkdir(parents=True, mode=0o700)
    world.tools = make  # type: ignore[method-assign]  # the same, with names
    made = world.make()
    assert made.manifest.partial == "the redactor ended early"
    take_over(layout, partial(keep, layout))
    layout.pseudonym_key.write_bytes(bytes(32))
    layout.pseudonym_key.chmod(0o600)
    assert reveal(layout, "host-zzzzzzzzzzzz") == "db7"


def test_a_note_of_the_bundle_is_written_after_the_names(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(course, "_SYNC_EVERY", 0.0)
    monkeypatch.setattr(ahead, "sync", lambda layout: order.append("names"))
    monkeypatch.setattr(unfinished, "write", lambda path, note: order.append("bundle"))
    World(root, {"a": {"a.log": b"1\n"}, "b": {"b.log": b"2\n"}}).make()
    assert order[:2] == ["names", "bundle"]


def test_a_map_that_somebody_else_made_is_not_written_to(layout: Layout) -> None:
    keep(layout, {b"host-a": b"db1"})
    keep(layout, {b"host-b": b"db2"})
    with sqlite3.connect(layout.pseudonyms) as db:
        db.execute(
            "CREATE TRIGGER x BEFORE INSERT ON pseudonyms BEGIN SELECT count(*) FROM (WITH"
            " RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n FROM r); END"
        )
    db.close()
    with pytest.raises(CaretakerError, match="not made as ours is"):
        keep(layout, {b"host-c": b"db3"})
