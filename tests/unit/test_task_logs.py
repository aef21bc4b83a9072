"""The task `logs`, and turning one log: what is kept, what is lost when, and who is told."""

import gzip
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.host import log_turn
from agent.host.acting import acting_as
from agent.host.log_turn import Terms
from agent.host.spawn import Completed
from agent.housekeeping.logrotate import Group, can_say, configuration
from agent.housekeeping.task import Chores
from agent.housekeeping.tasks import logs as task
from agent.layout import Layout
from agent.manifest.kinds import Duration, Size
from agent.manifest.model import Appliance, Manifest, Service
from agent.manifest.upkeep import LogFiles
from agent.values import values_for
from tests.scripted_host import ScriptedHost, scripted_host, unit

DAY = 86400.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def content(path: Path) -> str:
    return (
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    ).decode()


def listed(path: Path) -> dict[str, str]:
    return {each.name: content(each) for each in sorted(path.iterdir())}


KEEP3 = Terms(keep=3, compress=True, copy=True)


@pytest.mark.parametrize("copy", [True, False])
def test_turns_are_numbered_compressed_but_for_the_newest_and_kept_so_many(
    tmp_path: Path, folder: int, copy: bool
) -> None:
    log = tmp_path / "app.log"
    for number in range(6):
        log.write_text(f"turn {number}")
        log.chmod(0o640)
        log_turn.turn(folder, "app.log", Terms(keep=3, compress=True, copy=copy))
    assert listed(tmp_path) == {
        "app.log": "",
        "app.log.1": "turn 5",
        "app.log.2.gz": "turn 4",
        "app.log.3.gz": "turn 3",
    }
    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o640}


def test_copying_keeps_the_file_and_renaming_gives_a_new_one(tmp_path: Path, folder: int) -> None:
    log = tmp_path / "app.log"
    log.write_text("x")
    before = log.stat().st_ino
    log_turn.turn(folder, "app.log", KEEP3)
    assert log.stat().st_ino == before
    log.write_text("y")
    log_turn.turn(folder, "app.log", Terms(keep=3, compress=False, copy=False))
    assert log.stat().st_ino != before
    assert (tmp_path / "app.log.1").stat().st_ino == before


def test_a_writer_that_does_not_append_costs_no_more_room_each_time(
    tmp_path: Path, folder: int
) -> None:
    log = tmp_path / "app.log"
    with log.open("w") as writer:
        for number in range(4):
            writer.write(f"{number}" * (1 << 20))
            writer.flush()
            assert log_turn.size(log.stat()) <= 1 << 20
            log_turn.turn(folder, "app.log", Terms(keep=3, compress=False, copy=True))
            copy = tmp_path / "app.log.1"
            assert copy.stat().st_blocks * 512 <= (1 << 20) + 8192
            assert copy.read_text().lstrip("\0") == f"{number}" * (1 << 20)


def test_only_logs_are_turned(tmp_path: Path, folder: int) -> None:
    for name in ("a.log", "b.log", "a.log.1", "a.log.2.gz", "a.log.1.part", "c.txt"):
        (tmp_path / name).write_text("x")
    (tmp_path / "empty.log").touch()
    (tmp_path / "link.log").symlink_to("a.log")
    (tmp_path / "folder.log").mkdir()
    os.link(tmp_path / "c.txt", tmp_path / "second.log")
    os.mkfifo(tmp_path / "pipe.log")
    assert log_turn.logs(folder, "*.log*") == ("a.log", "b.log")


STATES = st.lists(st.sampled_from(["", ".gz", "both", "part", "gap"]), max_size=6)


@given(states=STATES, copy=st.booleans())
def test_whatever_a_killed_run_left_the_next_one_goes_on(
    states: list[str], copy: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = tmp_path_factory.mktemp("left")
    (top / "log").write_text("now")
    for number, state in enumerate(states, 1):
        if state in ("", "both"):
            (top / f"log.{number}").write_text(f"old {number}")
        if state in (".gz", "both"):
            (top / f"log.{number}.gz").write_bytes(gzip.compress(f"old {number}".encode()))
        if state == "part":
            (top / f"log.{number}.gz.part").write_bytes(b"half")
    fd = os.open(top, os.O_RDONLY)
    log_turn.turn(fd, "log", Terms(keep=9, compress=True, copy=copy))
    os.close(fd)
    found = listed(top)
    assert found["log"] == ""
    assert found["log.1"] == "now"
    kept = [f"old {n}" for n, state in enumerate(states, 1) if state in ("", ".gz", "both")]
    assert sorted(found.values()) == sorted(["", "now", *kept])
    assert not [name for name in found if name.endswith(".part")]


def test_a_full_disk_costs_no_line(
    tmp_path: Path, folder: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_text("kept")

    def full(*words: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "sendfile", full)
    with pytest.raises(OSError, match="No space"):
        log_turn.turn(folder, "log", KEEP3)
    assert listed(tmp_path) == {"log": "kept"}


@pytest.mark.real
@pytest.mark.parametrize("turns", [5])
def test_a_writer_that_reopens_when_told_loses_no_line(
    tmp_path: Path, folder: int, turns: int
) -> None:
    """Renaming: lines go on into NAME.1 until the reload, which here comes some time later."""
    log = tmp_path / "log"
    stop, told = threading.Event(), threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        stream = log.open("a")
        while not stop.is_set():
            stream.write(f"{written}\n")
            stream.flush()
            written += 1
            if told.is_set():
                stream.close()
                stream = log.open("a")
                told.clear()
        stream.close()

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(turns):
        time.sleep(0.05)
        log_turn.turn(folder, "log", Terms(keep=99, compress=True, copy=False))
        time.sleep(0.02)
        told.set()
        while told.is_set():
            time.sleep(0.001)
    stop.set()
    writer.join()
    names = [f"log.{n}.gz" for n in range(turns, 1, -1)] + ["log.1", "log"]
    lines = "".join(content(tmp_path / name) for name in names).splitlines()
    assert lines == [str(number) for number in range(written)]


# --- the task ---


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    Layout(root, "shop").state.mkdir(parents=True)
    (root / "var/log/shop").mkdir(parents=True)
    return scripted_host(root)


def chores(host: ScriptedHost, *, dry: bool = False, **more: Any) -> Chores:
    spec = LogFiles(files=[str(host.root / "var/log/shop/*.log")], **more)
    services = {"web": Service(command=["web"])}
    manifest = Manifest(
        appliance=Appliance(name="shop", version="1"), logs={"app": spec}, services=services
    )
    layout = Layout(host.root, "shop")
    return Chores(host, manifest, layout, values_for(manifest, layout), dry)


def write(host: ScriptedHost, text: str = "x" * 3000) -> Path:
    log = host.root / "var/log/shop/a.log"
    log.write_text(text)
    return log


SMALL: dict[str, Any] = {"size": Size(1000), "every": Duration(0)}


def test_a_large_log_is_turned_and_a_small_one_is_not(host: ScriptedHost) -> None:
    log = write(host)
    (log.parent / "b.log").write_text("small")
    dry = task.run(chores(host, dry=True, **SMALL))
    assert dry.lines == (f"would turn {log}, 2.9 KiB",)
    assert not Layout(host.root).log_turns.exists()
    done = task.run(chores(host, **SMALL))
    assert (done.items, done.problems) == (1, ())
    assert sorted(os.listdir(log.parent)) == ["a.log", "a.log.1", "b.log"]
    assert task.run(chores(host, **SMALL)).summary == "no log is due"
    write(host)
    assert task.run(chores(host, **SMALL)).freed > 2000  # The older one is compressed now.


def test_an_old_log_is_turned_once_a_day_from_when_it_was_first_seen(host: ScriptedHost) -> None:
    log = write(host, "x")
    assert task.run(chores(host)).items == 0
    host.clock.advance(DAY - 60)
    assert task.run(chores(host)).items == 0
    host.clock.advance(61)
    assert task.run(chores(host)).items == 1
    log.write_text("y")
    assert task.run(chores(host)).items == 0
    host.clock.advance(DAY)
    host.clock.step(-400 * DAY)  # A clock set back must not keep it from ever being due.
    assert task.run(chores(host)).items == 0
    host.clock.advance(DAY + 1)
    assert task.run(chores(host)).items == 1


def test_the_service_is_told_to_open_its_log_anew(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Layout, "embedded", property(lambda self: False))
    host.programs["logrotate"] = Completed(("logrotate",), 127, "", "", 0.0, missing=True)
    host.systemd.units["shop-web.service"] = unit("shop-web.service")
    write(host)
    done = task.run(chores(host, how="reload", service="web", **SMALL))
    assert host.systemd.controlled == [("reload-or-restart", "shop-web.service")]
    assert done.lines[-1] == "told web to open its logs anew"
    task.run(chores(host, how="reload", service="web", **SMALL))
    assert len(host.systemd.controlled) == 1


def test_a_folder_of_roots_where_others_may_write_is_refused(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write(host)
    log.parent.chmod(0o777)
    if os.geteuid() == 0:
        done = task.run(chores(host, **SMALL))
        assert "others may write there" in done.problems[0]
        assert os.listdir(log.parent) == ["a.log"]


def test_a_flood_of_logs_does_not_keep_housekeeping_busy(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "_MOST", 3)
    log = write(host)
    for number in range(4):
        log.with_name(f"b{number}.log").write_text("x" * 3000)
    done = task.run(chores(host, **SMALL))
    assert done.items == 3
    assert "means too many; the first 3 were seen to" in done.problems[0]


# --- logrotate ---


def test_logrotate_is_told_in_its_words() -> None:
    spec = LogFiles(files=["/x/*.log"], size=Size(1000), every=Duration(DAY), keep=5)
    text = configuration([Group(("/x/a b.log",), spec, "shop", "shop")])
    assert '"/x/a b.log" {\n' in text
    for line in ("su shop shop", "daily", "maxsize 1000", "rotate 5", "copytruncate", "compress"):
        assert f"    {line}\n" in text
    spec = LogFiles(files=["/x"], every=Duration(0), how="reload", service="w", compress=False)
    text = configuration([Group(("/x",), spec, "a", "b")])
    for line in ("size 20971520", "create", "nocompress"):
        assert f"    {line}\n" in text
    assert "postrotate" not in text
    assert [can_say(LogFiles(files=["/x"], every=Duration(n))) for n in (0, 3600, 7200)] == [
        *(True, True, False),
    ]


@pytest.mark.real
@pytest.mark.parametrize("how", ["copy-truncate", "reload"])
def test_logrotate_itself_does_it(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(Layout, "embedded", property(lambda self: False))
    host.systemd.units["shop-web.service"] = unit("shop-web.service")

    def really(argv: tuple[str, ...]) -> Completed:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return Completed(argv, done.returncode, done.stdout, done.stderr, 0.1)

    host.programs["logrotate"] = really
    log = write(host)
    small = {**SMALL, "how": how, "service": "web"}
    done = task.run(chores(host, **small))
    assert (done.items, done.problems) == (1, ())
    assert listed(log.parent) == {"a.log": "", "a.log.1": "x" * 3000}
    assert len(host.systemd.controlled) == (how == "reload")
    assert task.run(chores(host, **small)).items == 0
    write(host, "y" * 3000)
    assert task.run(chores(host, **small)).items == 1
    assert listed(log.parent)["a.log.2.gz"] == "x" * 3000


@pytest.mark.real
def test_what_an_application_names_its_logs_is_no_setting_of_logrotate(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a name once ran a script as root."""
    monkeypatch.setattr(Layout, "embedded", property(lambda self: False))
    monkeypatch.chdir(host.root)

    def really(argv: tuple[str, ...]) -> Completed:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return Completed(argv, done.returncode, done.stdout, done.stderr, 0.1)

    host.programs["logrotate"] = really
    log = write(host)
    victim = log.with_name("victim")
    victim.write_text("x" * 3000)
    script = 'victim" {\nsize 1\nfirstaction\necho > ran\nendscript\n}\n"b.log'
    for name in (script, "[a-z]*.log", 'c".log', "e\\.log", "{f,g}.log"):
        log.with_name(name).write_text("y" * 3000)
    done = task.run(chores(host, **SMALL))
    assert (done.items, done.problems) == (6, ())
    assert not (host.root / "ran").exists()
    assert victim.read_text() == "x" * 3000
    assert content(log.with_name(f"{script}.1")) == "y" * 3000
    with pytest.raises(ValueError, match="can't be told"):
        configuration([Group((f"{log.parent}/{script}",), LogFiles(files=["/x"]), "a", "b")])


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_acting_as_somebody_else_has_no_more_rights_than_they_have(tmp_path: Path) -> None:
    """In a process of its own, since it is the process that changes."""
    script = (
        "import os, sys; from agent.host.acting import acting_as\n"
        "with acting_as(65534, 65534):\n"
        "    try: open(sys.argv[1] + '/shadow', 'w'); print('wrote')\n"
        "    except PermissionError: print('refused')\n"
        "    print(os.geteuid(), os.getegid(), os.getgroups())\n"
        "print(os.geteuid(), os.getegid())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["refused", "65534 65534 [65534]", "0 0"]
    with acting_as(os.geteuid(), os.getegid()):
        pass
