"""Backups, made and fetched again: by real restic, and as files of our own."""

import os
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from agent.backup import picture, place
from agent.backup.fetched import hold_to
from agent.errors import BusyError, MachineError, RefusedError
from agent.host import archive_write, lock, streaming
from agent.progress import Silent
from tests.unit.backup_stage import Shop, content, rows, shop

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not shutil.which("restic"), reason="restic is not installed"),
]
KINDS = ("restic", "archives")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "archives":
        monkeypatch.setattr(streaming, "is_installed", lambda name: False)
    return str(request.param)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No restic: a call of it takes most of a second, which few of these need."""
    monkeypatch.setattr(streaming, "is_installed", lambda name: False)


def fetched(here: Shop, into: Path, name: str = "") -> Path:
    opened = here.repository()
    listed = opened.listed()
    [kept] = [each for each in listed if not name or each.id == name][-1:]
    into.mkdir() if opened.kind == "restic" else None
    opened.fetch(kept, into, Silent())
    hold_to(into, opened.record(kept))
    return into / "data"


def test_what_is_backed_up_comes_back(tmp_path: Path, kind: str) -> None:
    here = shop(tmp_path / "root", '[backup]\nexclude = ["notes/3.txt", "{data}/empty"]\n')
    made = here.backup()
    assert here.repository().kind == kind
    assert [each.id for each in here.repository().listed()] == [made.record.id]
    data = fetched(here, tmp_path / "out")
    wanted = content(here.data)
    del wanted["notes/3.txt"]
    assert content(data) == wanted
    assert rows(data) == 200
    assert made.record.size > (data / "app.db").stat().st_size  # Restore asks for so much room.
    assert not (data / "empty").exists()
    assert not (data / "app.db-wal").exists()
    assert (data / "notes/1.txt").stat().st_mode & 0o777 == 0o640
    system = tmp_path / "out/system"
    assert (system / "secrets/key").read_text() == "s3cret-of-this-machine\n"
    assert (system / "settings.toml").read_text() == 'name = "mine"\n'
    assert here.litter() == []
    [entry] = here.ledger()
    assert (entry.act, entry.outcome, entry.target) == ("backup", "done", made.record.id)
    assert here.repository().check(Silent(), full=True) == []


def test_a_database_that_is_written_to_all_the_time_is_whole(tmp_path: Path, plain: None) -> None:
    here, stop = shop(tmp_path / "root"), threading.Event()

    def write() -> None:
        db = sqlite3.connect(here.data / "app.db", timeout=30)
        while not stop.is_set():
            with db:  # Two rows at once: never one of them.
                db.executemany("INSERT INTO entry (text) VALUES (?)", [("x" * 900,)] * 2)
        db.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        here.backup()
    finally:
        stop.set()
        writer.join()
    data = fetched(here, tmp_path / "out")
    assert rows(data) % 2 == 0
    with sqlite3.connect(data / "app.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = shop(tmp_path / "root")
    (here.data / "log").write_bytes(os.urandom(3 << 20))
    real, seen = streaming.run_long, list[int]()

    def run_long(program: streaming.Program, **more: Any) -> object:
        done = real(program, **more)
        if "backup" in program.argv and not seen:
            seen.append(1)
            (here.data / "log").write_bytes(b"new" * 1000)
        return done

    if kind == "restic":
        monkeypatch.setattr(streaming, "run_long", run_long)
    else:
        real_add = archive_write.Archive.add_file

        def add_file(self: Any, fd: int, name: str) -> bool:
            moved = real_add(self, fd, name)
            if name == "data/log" and not seen:
                seen.append(1)
                (here.data / "log").write_bytes(b"new" * 1000)
                return True
            return moved

        monkeypatch.setattr(archive_write.Archive, "add_file", add_file)
    made = here.backup()
    assert seen
    assert made.record.unsteady == ()
    assert "log" in made.record.aside
    data = fetched(here, tmp_path / "out")
    assert (data / "log").read_bytes() == b"new" * 1000
    assert len(here.repository().listed()) == 1


def test_the_application_is_held_and_let_go(tmp_path: Path, plain: None) -> None:
    here = shop(tmp_path / "root", hooks(tmp_path / "said"))
    made = here.backup()
    assert (tmp_path / "said").read_text() == "freeze\nthaw\n"
    assert made.record.held
    assert here.litter() == []


def test_a_hold_that_ended_too_early_is_not_called_one(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is up while the data is read: the backup says that it was not held."""
    here = shop(tmp_path / "root", hooks(tmp_path / "said") + 'hold = "2s"\n')
    real = picture.Picture.moved if kind == "restic" else archive_write.Archive.add_tree

    def slowly(self: Any, *words: Any) -> Any:
        time.sleep(2.5) if (tmp_path / "said").read_text() == "freeze\n" else None
        return real(self, *words)

    if kind == "restic":
        monkeypatch.setattr(picture.Picture, "moved", slowly)
    else:
        monkeypatch.setattr(archive_write.Archive, "add_tree", slowly)
    made = here.backup()
    assert not made.record.held
    opened = here.repository()
    assert not opened.record(opened.listed()[-1]).held
    assert (tmp_path / "said").read_text() == "freeze\nthaw\n"
    assert here.litter() == []


def test_a_hook_that_fails_makes_no_backup_and_lets_go(tmp_path: Path, plain: None) -> None:
    here = shop(tmp_path / "root", hooks(tmp_path / "said", freeze="exit 3"))
    with pytest.raises(MachineError) as caught:
        here.backup()
    assert "exit status 3" in caught.value.message
    assert (tmp_path / "said").read_text() == "thaw\n"
    assert here.litter() == []
    assert here.repository().listed() == []


def test_a_second_backup_adds_only_what_is_new(tmp_path: Path) -> None:
    here = shop(tmp_path / "root")
    first = here.backup()
    (here.data / "new").write_bytes(os.urandom(1000))
    second = here.backup()
    assert first.added > 300_000
    assert second.added < 20_000
    assert len(here.repository().listed()) == 2


def test_what_is_not_kept_goes(tmp_path: Path, kind: str) -> None:
    from agent.backup.prune import prune

    here = shop(tmp_path / "root", "[backup]\ndaily = 1\nweekly = 0\nmonthly = 0\n")
    here.backup()
    last = here.backup()
    assert len(prune(here.scene, by="a test")) == 1
    assert [each.id for each in here.repository().listed()] == [last.record.id]
    assert fetched(here, tmp_path / "out").is_dir()
    assert here.repository().check(Silent(), full=True) == []


def test_a_wrong_password_is_told_as_such(tmp_path: Path) -> None:
    here = shop(tmp_path / "root")
    here.backup()
    place.password_path(here.scene.layout).write_text("another\n")
    with pytest.raises(MachineError, match="password does not open it"):
        here.repository().listed()
    place.password_path(here.scene.layout).unlink()
    with pytest.raises(MachineError, match="password of the backups is lost"):
        here.backup()


def test_a_disk_that_is_not_mounted_is_no_new_repository(tmp_path: Path, kind: str) -> None:
    here = shop(tmp_path / "root")
    here.backup()
    home = here.scene.layout.backups
    home.rename(home.with_name("away"))
    home.mkdir(mode=0o700)
    with pytest.raises(MachineError, match="mounted there"):
        here.backup() if kind == "restic" else here.repository().listed()


@pytest.mark.parametrize("what", ["link", "open", "inside"])
def test_a_folder_where_strangers_may_write_is_refused(tmp_path: Path, what: str) -> None:
    here = shop(tmp_path / "root")
    home = here.scene.layout.backups
    home.mkdir(mode=0o700)
    if what == "open":
        home.chmod(0o777)
    elif what == "link":
        (home / "data").symlink_to(tmp_path)
    else:
        (home / "data").mkdir()
        (home / "data").chmod(0o777)
    with pytest.raises(RefusedError, match="backups are not written"):
        here.backup()
    assert here.litter() == []


def test_no_backup_in_the_middle_of_a_change(tmp_path: Path, plain: None) -> None:
    here = shop(tmp_path / "root")
    with lock.exclusive(here.scene.layout.setup_lock, purpose="a test"), pytest.raises(BusyError):
        here.backup()
    assert here.litter() == []


def test_a_store_behind_a_link_is_not_followed(tmp_path: Path, plain: None) -> None:
    here = shop(tmp_path / "root")
    (here.data / "app.db").rename(tmp_path / "elsewhere.db")
    (here.data / "app.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(MachineError, match=r"app\.db"):
        here.backup()


def test_a_spoilt_database_is_told_and_nothing_is_kept(tmp_path: Path, plain: None) -> None:
    here = shop(tmp_path / "root")
    spoilt = bytearray((here.data / "app.db").read_bytes())
    spoilt[4096:] = os.urandom(len(spoilt) - 4096)
    (here.data / "app.db").write_bytes(spoilt)
    with pytest.raises(MachineError, match="could not be read whole"):
        here.backup()
    assert here.repository().listed() == []


def test_a_killed_restics_lock_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    here = shop(tmp_path / "root")
    here.backup()
    home = here.scene.layout.backups
    env = {**os.environ, "RESTIC_REPOSITORY": str(home),
           "RESTIC_PASSWORD_FILE": str(place.password_path(here.scene.layout))}  # fmt: skip
    fifo = tmp_path / "never"
    os.mkfifo(fifo)
    argv = ["restic", "--no-cache", "backup", "--stdin", "--stdin-filename", "x"]
    holder = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        while not list((home / "locks").iterdir()):
            holder.poll()
        from agent.backup.restic import Restic

        opened = here.repository()
        assert isinstance(opened, Restic)
        opened._unlock()
        assert len(list((home / "locks").iterdir())) == 1
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdin is not None
        holder.stdin.close()
    assert len(list((home / "locks").iterdir())) == 1
    opened._unlock()
    assert list((home / "locks").iterdir()) == []


def hooks(said: Path, *, freeze: str = "") -> str:
    words = freeze or f"echo freeze >> {said}"
    return (
        f'[backup]\nfreeze = ["/bin/sh", "-c", "{words}"]\n'
        f'thaw = ["/bin/sh", "-c", "echo thaw >> {said}"]\n'
    )
