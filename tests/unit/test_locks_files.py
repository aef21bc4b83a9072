"""What stands at the path, when it changes, and what the clock says: files against the remedy."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.host import holders, quarantine, swap
from agent.host.holders import Sought
from agent.locks import witness
from agent.locks.places import all_quarantines
from agent.remedies import locks
from agent.remedies.remedy import Fault
from tests.unit.locks_stage import (
    NAME,
    NOBODY,
    Crew,
    Elsewhere,
    Stage,
    crew,
    environment,
    gone_pid,
    written,
)
from tests.unit.test_locks_matrix import HOLD, goes, stays

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at every process"),
]


@pytest.fixture
def people() -> Iterator[Crew]:
    with crew() as found:
        yield found


@pytest.fixture
def stage(root: Path) -> Stage:
    return Stage(root)


@pytest.fixture
def stale(stage: Stage) -> Stage:
    written(stage.file, f"{gone_pid()}\n")
    return stage


# --- the thing at the path ---
def test_no_file_is_no_fault(stage: Stage) -> None:
    assert stage.find() is None
    assert "had gone" in stage.mend()
    shutil.rmtree(stage.run)
    assert stage.find() is None


@pytest.mark.parametrize("thing", ["link", "folder", "fifo", "huge", "two names"])
def test_what_is_no_lock_file_is_left_to_a_person(stage: Stage, tmp_path: Path, thing: str) -> None:
    target = written(tmp_path / "precious", f"{gone_pid()}\n")
    match thing:
        case "link":
            stage.file.symlink_to(target)
        case "folder":
            stage.file.mkdir()
        case "fifo":
            os.mkfifo(stage.file)
        case "huge":
            written(stage.file, f"{gone_pid()}\n" + "x" * 70_000)
        case "two names":
            os.link(target, stage.file)
    before = os.lstat(stage.file)
    fault = stage.find()
    assert fault is not None
    assert fault.refusal
    assert "left alone" in stage.mend()
    assert os.path.samestat(os.lstat(stage.file), before)
    assert target.exists()
    assert stage.kept() == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        (b"\0" * 512, "it is empty"),  # the length was written, the bytes were not: a power cut
    ],
)
def test_an_empty_file_is_given_time(stage: Stage, content: str | bytes, words: str) -> None:
    written(stage.file, content)
    assert "somebody may be writing it" in stays(stage)
    stage.set_clock(61)
    fault = stage.find()
    assert fault is not None
    assert fault.code == "lock-garbled"
    assert words in goes(stage)


@pytest.mark.parametrize("content", ['{"pid": 7}', "shop-db", "-5", "0", "99999999", "é"])
def test_what_may_name_somebody_in_words_of_its_own_is_left(stage: Stage, content: str) -> None:
    written(stage.file, content)
    stage.set_clock(86400)
    assert "does not begin with the number" in stays(stage)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "ceph", "gfs2", "virtiofs"])
def test_on_a_shared_file_system_another_machine_may_hold_it(stale: Stage, kind: str) -> None:
    stale.host = replace(stale.host, kernel=Elsewhere(kind))
    assert f"it stands on {kind}" in stays(stale)


@pytest.mark.parametrize("kind", ["tmpfs", "overlay"])
def test_on_other_file_systems_of_this_machine(tmp_path: Path, kind: str) -> None:
    for part in ("top", "upper", "work", "lower"):
        (tmp_path / part).mkdir()
    options = "lowerdir=lower,upperdir=upper,workdir=work"
    argv = ["mount", "-t", kind, *(["-o", options] if kind == "overlay" else []), "test", "top"]
    if kind == "overlay":  # Its upper folder can't be on one.
        subprocess.run(["mount", "-t", "tmpfs", "test", str(tmp_path)], check=True)
        for part in ("top", "upper", "work", "lower"):
            (tmp_path / part).mkdir()
    try:
        subprocess.run(argv, cwd=tmp_path, check=True)
        stage = Stage(tmp_path / "top")
        written(stage.file, f"{gone_pid()}\n")
        goes(stage)
    finally:
        subprocess.run(["umount", "--lazy", "top"], cwd=tmp_path, check=True)
        if kind == "overlay":
            subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_a_lock_on_a_disk_of_its_own_is_kept_beside_it(root: Path) -> None:
    disk = root / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "test", str(disk)], check=True)
    try:
        stage = Stage(root, path=disk / "db.pid")
        written(stage.file, f"{gone_pid()}\n")
        assert f"mv -n {disk}/{quarantine.BESIDE}/" in stage.mend()
        assert not stage.file.exists()
        assert disk / quarantine.BESIDE in all_quarantines(
            stage.layout, stage.manifest, stage.scene.values
        )
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_link_of_the_application_leads_nowhere(root: Path, tmp_path: Path) -> None:
    precious = tmp_path / "etc"
    precious.mkdir()
    written(precious / "db.pid", f"{gone_pid()}\n")
    stage = Stage(root, path=root / "run/shop/below/db.pid")
    os.chown(stage.run, NOBODY, NOBODY)
    (stage.run / "below").symlink_to(precious)
    fault = stage.find()
    assert fault is not None
    assert "a link in a folder others may write" in fault.refusal
    with pytest.raises(Exception, match="a link in a folder others may write"):
        stage.mend()
    assert (precious / "db.pid").exists()
    # Root's own links, such as the one to the active data, are followed.
    os.chown(stage.run, 0, 0)
    assert "stands in quarantine" in stage.mend()


def test_a_quarantine_that_others_may_write_is_none(stale: Stage) -> None:
    for folder in (stale.layout.quarantine, stale.layout.run_quarantine, stale.layout.state):
        folder.mkdir(parents=True)
        os.chown(folder, NOBODY, NOBODY)
    (stale.run / quarantine.BESIDE).mkdir(mode=0o777)
    os.chown(stale.run / quarantine.BESIDE, NOBODY, NOBODY)
    stale.layout.state_quarantine.mkdir()
    os.chown(stale.layout.state_quarantine, NOBODY, NOBODY)
    with pytest.raises(Exception, match="others may write there"):
        stale.mend()
    assert stale.file.exists()


# --- the service ---
@pytest.mark.parametrize("state", ["active", "starting", "stopping"])
def test_a_service_that_is_up_has_its_lock(stale: Stage, state: str) -> None:
    stale.services.standing = state  # type: ignore[assignment] # from the list above
    assert stale.find() is None


def test_processes_in_its_control_group_keep_the_lock(stale: Stage) -> None:
    stale.services.members = [41, 42]
    assert "yet processes of it run: 41, 42" in stays(stale)


@pytest.mark.parametrize(
    ("state", "done"),
    [("failed", ["stop", "start"]), ("backoff", ["stop", "start"]), ("stopped", [])],
)
def test_the_service_is_stopped_and_started_if_it_was_wanted(
    stale: Stage, state: str, done: list[str]
) -> None:
    stale.services.standing = state  # type: ignore[assignment] # from the list above
    stale.mend()
    assert stale.services.done == done


def test_at_boot_nothing_is_stopped_or_started(stale: Stage) -> None:
    fault = Fault(target=NAME, code="lock-stale", summary="")
    locks.mend(replace(stale.scene, booting=True), fault)
    assert stale.services.done == []
    assert not stale.file.exists()


# --- what happens between the judgement and the move ---
def just_before(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen when the judgement is made and the file about to be moved."""
    real = swap.exchange

    def exchange(one: tuple[int, str], other: tuple[int, str]) -> None:
        monkeypatch.setattr(swap, "exchange", real)
        act()
        real(one, other)

    monkeypatch.setattr(swap, "exchange", exchange)


def test_a_file_made_anew_in_between_is_put_back(
    stale: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken() -> None:
        stale.file.unlink()
        written(stale.file, f"{os.getppid()}\n")

    just_before(monkeypatch, taken)
    assert "taken anew" in stale.mend()
    assert stale.file.read_text() == f"{os.getppid()}\n"
    assert stale.kept() == {}


def test_the_same_bytes_in_another_file_are_another_lock(
    stale: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = stale.file.read_bytes()

    def taken() -> None:
        stale.file.unlink()
        written(stale.file, content)

    just_before(monkeypatch, taken)
    assert "taken anew" in stale.mend()
    assert stale.file.read_bytes() == content


def test_a_file_rewritten_in_between_is_put_back(
    stale: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before(monkeypatch, lambda: written(stale.file, f"{os.getppid()}\n"))
    assert "taken anew" in stale.mend()
    assert stale.file.read_text() == f"{os.getppid()}\n"
    assert stale.kept() == {}


def test_a_file_opened_in_between_is_put_back(
    stale: Stage, people: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new owner has not written its number yet."""
    just_before(monkeypatch, lambda: people.python(HOLD, stale.file, "open"))
    assert "taken anew" in stale.mend()
    assert stale.file.exists()


@pytest.mark.parametrize("opened", [True, False])
def test_where_no_lease_can_tell_every_process_is_asked_again(
    stale: Stage, people: Crew, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    monkeypatch.setattr(swap, "is_open", lambda file: None)
    if opened:
        just_before(monkeypatch, lambda: people.python(HOLD, stale.file, "open"))
    assert ("taken anew" if opened else "stands in quarantine") in stale.mend()
    assert stale.file.exists() == opened


def test_a_file_taken_away_in_between_was_none_of_ours(
    stale: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before(monkeypatch, stale.file.unlink)
    assert "had gone by itself" in stale.mend()
    assert stale.kept() == {}


def test_a_service_that_starts_in_between_keeps_its_lock(
    stale: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is not stopped: the look before the stop says so."""
    real = witness.gather

    def gather(*args: object, **keys: object) -> object:
        stale.services.standing = "active"
        return real(*args, **keys)  # type: ignore[arg-type] # handed on as they came

    monkeypatch.setattr(locks, "gather", gather)
    assert "its service is active" in stale.mend()
    assert stale.file.exists()
    assert stale.services.done == []


KILLED = """
import os, signal, sys
from pathlib import Path
from agent.host import quarantine, swap
from tests.unit.locks_stage import Stage

at, stage = int(sys.argv[1]), Stage(Path(sys.argv[2]))
calls = 0
def counted(real):
    def call(*args, **keys):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **keys)
    return call
for name in ("mkdir", "write", "fchmod", "fsync", "unlink"):
    setattr(os, name, counted(getattr(os, name)))
for name in ("exchange", "move"):
    setattr(swap, name, counted(getattr(swap, name)))
stage.mend()
print(calls)
"""


def test_killed_at_each_of_its_steps_the_next_run_ends_the_same(tmp_path: Path) -> None:
    steps = 0
    while True:
        steps += 1
        root = tmp_path / str(steps)
        stage = Stage(root)
        content = f"{gone_pid()}\n"
        written(stage.file, content)
        argv = [sys.executable, "-c", KILLED, str(steps), str(root)]
        done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
        if done.returncode == 0:
            break
        assert done.returncode == -9, done.stderr
        # Whatever stands there now, the name is there or the lock is in quarantine.
        assert stage.file.exists() or content.encode() in stage.kept().values()
        if stage.file.exists():
            fault = stage.find()
            assert fault is not None
            assert not fault.refusal
            assert "stands in quarantine" in stage.mend()
        assert not stage.file.exists()
        assert content.encode() in stage.kept().values()
    assert steps > 8


# --- what may not be seen ---
def test_what_may_not_be_looked_at_may_be_the_holder() -> None:
    """As another user than root: most processes are closed."""
    code = (
        "from agent.host import holders; "
        "found = holders.sweep(holders.Sought(frozenset(), ('/nowhere',), frozenset())); "
        "print(found.unseen)"
    )
    # The checkout may stand where that user may not go, so it is read before.
    script = f"import sys, os; import agent.host.holders; os.setuid({NOBODY}); exec({code!r})"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True
    )
    assert int(done.stdout) > 0, done.stderr


def test_a_hidden_process_may_be_the_holder(stale: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "_sees_all", lambda proc: False)
    monkeypatch.setattr(holders, "_hides", lambda proc: True)
    assert "may not be looked at" in stays(stale)


def test_a_pass_is_quick(people: Crew, tmp_path: Path) -> None:
    for _ in range(100):
        people.start(["/bin/sleep", "300"])
    sought = Sought(frozenset({(1, 2)}), (str(tmp_path),), frozenset())
    began = time.process_time()
    holders.sweep(sought)
    assert time.process_time() - began < 0.5
