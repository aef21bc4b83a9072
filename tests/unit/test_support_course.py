"""The course of a support bundle: what it holds, and what each misfortune leaves."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from agent.errors import CaretakerError
from support.bundle import reading, record
from support.collectors.events import Ended
from tests.unit.support_bundles import SECRET, Files, World, log

pytestmark = pytest.mark.real  # the refinery is a process

FILES: dict[str, Files] = {
    "first": {"a/one.txt": b"one\n", "a/alice.txt": b"password " + SECRET + b"\n"},
    "logs": {"logs/app.log": log(40_000), "logs/empty.log": b""},
    "last": {"z/end.json": b"{}\n"},
}


def contents(path: Path) -> dict[str, bytes]:
    with reading.reading(path) as bundle:
        found = {each.name: b"".join(each.blocks) for each in bundle.files()}
        bundle.finish()
    return found


def test_a_bundle_holds_what_was_collected_redacted_signed_and_judged(root: Path) -> None:
    made = World(root, dict(FILES)).make()
    [path] = made.sealed.paths
    assert path.name == "shop-host-k3f9-20261121T080000Z.support.tar.zst"
    assert path.stat().st_mode & 0o777 == 0o600
    checked = reading.verify(path, key=made.manifest.key)
    assert checked.manifest == made.manifest
    found = contents(path)
    assert found["a/user-1.txt"] == b"password REDACTED-test\n"
    assert found["logs/app.log"] == b"".join(log(40_000)())
    assert found["logs/empty.log"] == b""
    ours = [*reading.OURS, record.ANALYSIS, record.REPORT, record.TIMELINE]
    assert set(found) == {"a/one.txt", "a/user-1.txt", *FILES["logs"], *FILES["last"], *ours}
    assert SECRET not in b"".join(found.values())
    entry = {each.name: each for each in made.manifest.files}["a/user-1.txt"]
    assert (entry.redactions, entry.origin, entry.collector) == (
        {"test": 1}, "/srv/a/alice.txt", "first",
    )  # fmt: skip
    assert made.manifest.consent.who == "user-1"
    assert World(root).left() == [path.name]


def test_the_same_input_key_and_clock_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    first = World(root, dict(FILES)).make().sealed
    content = first.paths[0].read_bytes()
    first.paths[0].unlink()
    assert World(root, dict(FILES)).make().sealed.paths[0].read_bytes() == content


def test_one_is_never_overwritten(root: Path) -> None:
    World(root, dict(FILES)).make()
    before = {path: path.read_bytes() for path in World(root).bundles.iterdir()}
    with pytest.raises(CaretakerError, match="such a file already"):
        World(root, dict(FILES)).make()
    assert {path: path.read_bytes() for path in World(root).bundles.iterdir()} == before


def test_a_file_the_redactor_breaks_on_is_withheld_and_the_rest_arrives(root: Path) -> None:
    world = World(root, {"a": {"broken.txt": SECRET}, "b": {"fine.txt": b"fine"}})
    made = world.make()
    withheld = {each.name: each for each in made.manifest.files if each.withheld}
    assert list(withheld) == ["broken.txt"]
    assert "ValueError" in withheld["broken.txt"].why
    assert SECRET.decode() not in withheld["broken.txt"].why
    assert "fine.txt" in contents(made.sealed.paths[0])


def test_a_secret_that_slips_through_means_no_bundle(root: Path) -> None:
    world = World(root, {"a": {"fine.txt": b"fine"}, "b": {"leaky.txt": b"x" + SECRET}})
    with pytest.raises(CaretakerError) as told:
        world.make()
    assert told.value.code == "redaction-leak"
    assert "secret db_password" in told.value.message
    assert SECRET.decode() not in told.value.message
    assert world.left() == []


def test_a_secret_in_a_files_name_means_no_bundle(root: Path) -> None:
    world = World(root, {"a": {f"x/{SECRET.decode()}": b"fine"}})
    with pytest.raises(CaretakerError) as told:
        world.make()
    assert told.value.code == "redaction-leak"
    assert world.left() == []


def test_a_refinery_that_dies_leaves_what_was_whole(root: Path) -> None:
    def dies() -> Iterator[bytes]:
        yield b"x" * 900_000
        os.kill(os.getpid(), signal.SIGKILL)
        yield b""

    world = World(root, {"a": {"whole.txt": b"whole"}, "b": {"cut.log": dies}, "c": {"z": b"z"}})
    made = world.make()
    assert "redactor ended early" in made.manifest.partial
    assert made.name.endswith("-partial.support.tar.zst")
    assert made.sealed.paths[0].name == made.name
    found = contents(made.sealed.paths[0])
    assert "whole.txt" in found
    assert not {"cut.log", "z"} & set(found)
    how = {each.code: each.how for each in made.manifest.collectors}
    assert how == {"a": "done", "b": "killed", "c": "skipped"}


def test_a_refinery_that_dies_at_once_leaves_nothing(root: Path) -> None:
    def dies() -> Iterator[bytes]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield b""

    world = World(root, {"a": {"cut.log": dies}})
    with pytest.raises(CaretakerError) as told:
        world.make()
    assert told.value.code == "redaction-failed"
    assert world.left() == []


def test_told_to_stop_it_ends_with_what_there_is(root: Path) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 50_000

    world = World(root, {"a": {"one.txt": b"one"}, "b": {"endless.log": endless}})
    looks = itertools.count()
    world.told = lambda: next(looks) > 300
    made = world.make()
    assert "told to stop" in made.manifest.partial
    found = contents(made.sealed.paths[0])
    assert "one.txt" in found
    assert "endless.log" not in found


def test_a_size_limit_drops_what_does_not_fit(root: Path) -> None:
    noise = os.urandom(3 << 20)
    world = World(root, {"a": {"big.bin": lambda: iter((noise,))}, "b": {"small.txt": b"small"}})
    made = world.make(world.order(max_size=1 << 20))
    assert made.sealed.size < 1 << 20
    entries = {each.name: each for each in made.manifest.files}
    assert (entries["big.bin"].withheld, entries["big.bin"].why) == (True, "the bundle was full")
    assert "small.txt" in contents(made.sealed.paths[0])


def test_how_a_collector_ended_stands_in_the_manifest(root: Path) -> None:
    world = World(root, {"a": {"a.txt": b"a"}})
    world.endings["a"] = Ended("timeout", 10.0, "no end in its time")
    made = world.make()
    [collected] = made.manifest.collectors
    assert (collected.how, collected.why, collected.files) == ("timeout", "no end in its time", 1)
    assert made.manifest.partial == ""


def test_where_no_collector_comes_to_its_end_it_is_not_called_whole(root: Path) -> None:
    broke = {code: Ended("failed", 0.01, "it broke off") for code in ("a", "b")}
    world = World(root, {"a": {}, "b": {}}, endings=broke)
    made = world.make()
    assert made.manifest.partial == "no collector came to its end"
    assert "-partial" in made.name
    del broke["a"]
    assert world.make().manifest.partial == ""


def test_one_at_a_time(root: Path) -> None:
    from agent.host import lock

    world = World(root, dict(FILES))
    path = world.scene().layout.support_lock
    path.parent.mkdir()
    with lock.exclusive(path, purpose="test"), pytest.raises(CaretakerError) as told:
        world.make()
    assert (told.value.code, told.value.exit_status) == ("lock-held", 5)


def test_a_stream_takes_it_and_nothing_stays(root: Path, tmp_path: Path) -> None:
    world, got = World(root, dict(FILES)), bytearray()
    made = world.make(world.order(stream=True), stream=got.extend)
    (tmp_path / "got").write_bytes(got)
    assert made.sealed.paths == ()
    assert reading.verify(tmp_path / "got").manifest == made.manifest
    assert world.left() == []


def test_the_manifest_holds_no_value_that_json_cannot(root: Path) -> None:
    made = World(root, dict(FILES)).make()
    assert msgspec.json.decode(msgspec.json.encode(made.manifest), type=record.BundleManifest)
