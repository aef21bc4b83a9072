"""A bundle that is interrupted: by a word, by a kill, by a power cut; and gone on with."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import CaretakerError
from agent.host import told
from support.bundle import course, reading, unfinished
from tests.unit.support_bundles import Files, World, log

pytestmark = pytest.mark.real

FILES: dict[str, Files] = {
    "a": {"a.log": log(30_000)},
    "b": {"b.log": log(30_000, b"other")},
    "c": {"c.txt": b"c\n"},
}


@pytest.fixture(autouse=True)
def notes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "_SYNC_EVERY", 0.0)


def cut(world: World, at: str) -> Path:
    """Make one in a child that is killed when the collector `at` begins; the working file."""
    pid = os.fork()
    if pid == 0:
        try:
            before = course._one

            def one(made, collector, deadline):  # type: ignore[no-untyped-def]  # as it is
                if collector.code == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return before(made, collector, deadline)

            course._one = one
            world.make()
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    [part] = unfinished.found(world.bundles)
    return part


def test_it_is_gone_on_with_after_the_last_collector_that_was_done(root: Path) -> None:
    whole = World(root, dict(FILES)).make()
    whole.sealed.paths[0].unlink()
    world = World(root, dict(FILES))
    cut(world, "c")
    made = world.make(world.order(resume=True))
    assert made.manifest.header.resumed > 0
    assert made.manifest.partial == ""
    assert [each.code for each in made.manifest.collectors] == ["a", "b", "c"]
    names = {each.name: each.sha256 for each in made.manifest.files}
    old = {each.name: each.sha256 for each in whole.manifest.files}
    same = ("a.log", "b.log", "c.txt", "analysis.json", "timeline.json")
    assert [names[name] for name in same] == [old[name] for name in same]
    assert reading.verify(made.sealed.paths[0]).manifest == made.manifest
    assert world.left() == [made.name]


def test_without_the_word_a_new_one_takes_its_place_and_says_so(root: Path) -> None:
    world = World(root, dict(FILES))
    cut(world, "c")
    made = world.make()
    assert made.manifest.header.resumed == 0
    assert any("--resume would have" in note for note in made.notes)
    assert world.left() == [made.name]


def test_with_nothing_to_go_on_with_it_begins_anew(root: Path) -> None:
    world = World(root, dict(FILES))
    made = world.make(world.order(resume=True))
    assert any("nothing to go on with" in note for note in made.notes)
    assert reading.verify(made.sealed.paths[0])


@pytest.mark.parametrize("damage", ["flip", "short", "note", "mode"])
def test_a_working_file_that_is_not_what_was_noted_is_not_gone_on_with(
    root: Path, damage: str
) -> None:
    world = World(root, dict(FILES))
    part = cut(world, "c")
    content = bytearray(part.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        part.write_bytes(content)
    elif damage == "short":
        part.write_bytes(content[:-1])
    elif damage == "mode":
        part.chmod(0o666)
    else:
        part.with_name(part.name.removesuffix(unfinished.PART) + unfinished.NOTE).write_text("{")
    made = world.make(world.order(resume=True))
    assert made.manifest.header.resumed == 0
    assert reading.verify(made.sealed.paths[0]).manifest == made.manifest
    assert world.left() == [made.name]


@pytest.mark.parametrize("moment", ["a", "b", "c"])
def test_killed_at_any_collector_nothing_lives_on(root: Path, moment: str) -> None:
    world = World(root, dict(FILES))
    cut(world, moment)
    end = time.monotonic() + 5
    while refineries() and time.monotonic() < end:
        time.sleep(0.05)
    assert refineries() == []


def refineries() -> list[str]:
    """Processes of that name whose parent is gone."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        state, parent = words.rpartition(")")[2].split()[:2]
        if "(refinery)" in words and parent in ("1", str(os.getpid())) and state != "Z":
            found.append(pid)
    return found


SCRIPT = """
import sys, time
from pathlib import Path
from agent.host import told
from tests.unit.support_bundles import World
def slow():
    while True:
        yield b"x" * 1000
        print("going", flush=True)
        time.sleep(0.02)
world = World(Path(sys.argv[1]), {"a": {"a.txt": b"a"}, "b": {"slow.log": slow}})
with told.listening() as heard:
    world.told = heard.to_stop
    made = world.make()
print("made", made.name, flush=True)
"""


@pytest.fixture
def going(root: Path) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, root], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "going\n"
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_once_it_ends_well_and_soon(
    root: Path, going: subprocess.Popen[str], number: signal.Signals
) -> None:
    begun = time.monotonic()
    going.send_signal(number)
    out, _ = going.communicate(timeout=20)
    assert time.monotonic() - begun < 10
    name = out.splitlines()[-1].split()[1]
    assert "-partial" in name
    checked = reading.verify(World(root).bundles / name)
    assert "told to stop" in checked.manifest.partial
    assert "a.txt" in {each.name for each in checked.manifest.files if not each.withheld}
    assert World(root).left() == [name]


def test_told_twice_it_leaves_nothing(root: Path, going: subprocess.Popen[str]) -> None:
    going.send_signal(signal.SIGTERM)
    going.send_signal(signal.SIGINT)
    _, errors = going.communicate(timeout=20)
    assert going.returncode != 0
    assert "Abandoned" in errors
    assert World(root).left() == []


def test_the_second_word_is_raised_once() -> None:
    with told.listening() as heard:
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard.to_stop()
        with pytest.raises(told.Abandoned):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) != heard.hear


def test_a_failure_of_the_disk_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.host.failures import FileFailure
    from agent.host.growing import Growing

    def fails(self: Growing) -> None:
        raise FileFailure(self.path, "sync", "Input/output error")

    world = World(root, dict(FILES))
    monkeypatch.setattr(Growing, "sync", fails)
    with pytest.raises(CaretakerError, match="nothing of it is left"):
        world.make()
    assert world.left() == []


def test_a_note_that_a_stranger_put_beside_it_is_not_believed(root: Path) -> None:
    world = World(root, dict(FILES))
    part = cut(world, "c")
    note = unfinished._beside(part)
    assert unfinished.read(part) is not None
    note.chmod(0o644)
    assert unfinished.read(part) is None
    note.chmod(0o600)
    content = note.read_bytes()
    note.unlink()
    note.symlink_to(root / "elsewhere")
    (root / "elsewhere").write_bytes(content)
    assert unfinished.read(part) is None
    note.unlink()
    os.mkfifo(note, 0o600)
    assert unfinished.read(part) is None


def test_names_of_what_was_done_are_taken_when_it_is_gone_on_with(root: Path) -> None:
    world = World(root, {**FILES, "c": {"a.log/below.txt": b"c\n", "B.LOG": b"d\n"}})
    cut(world, "c")
    made = world.make(world.order(resume=True))
    names = [each.name for each in made.manifest.files if each.collector == "c"]
    assert names == ["a.log~2/below.txt", "B~2.LOG"]
