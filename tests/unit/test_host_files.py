"""Files are replaced whole, never through a stranger's link, and never half."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from agent.host import files, lock, trees
from agent.host.failures import FileFailure, LockHeld
from agent.host.tail import follow, last_lines


def test_a_file_is_replaced_with_its_mode_and_nothing_is_left_aside(tmp_path: Path) -> None:
    target = tmp_path / "secret"
    files.replace(target, b"one", mode=0o600)
    files.replace(target, b"two", mode=0o640)
    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["secret"]


def test_a_link_in_the_way_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "state").symlink_to(victim)
    files.replace(tmp_path / "state", b"ours")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "state").is_symlink()


@pytest.mark.parametrize("kind", ["link", "folder", "fifo", "large", "missing folder"])
def test_only_a_small_regular_file_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    match kind:
        case "link":
            (tmp_path / "other").write_bytes(b"x")
            path.symlink_to(tmp_path / "other")
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "large":
            path.write_bytes(b"x" * 101)
        case _:
            with pytest.raises(FileNotFoundError):
                files.read_bytes(tmp_path / "a" / "b")
            return
    with pytest.raises(FileFailure, match="could not read"):
        files.read_bytes(path, cap=100)


def test_files_without_a_size_are_capped_all_the_same() -> None:
    with pytest.raises(FileFailure, match="more than the 10 bytes"):
        files.read_bytes(Path("/proc/self/status"), cap=10)


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "state"
    target.mkdir()
    with pytest.raises(FileFailure, match="could not write"):
        files.replace(target, b"x")
    assert os.listdir(tmp_path) == ["state"]
    with pytest.raises(FileFailure):
        files.replace(tmp_path / "missing" / "state", b"x")


def test_a_folder_is_made_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "a/b"
    assert files.ensure_folder(folder, mode=0o700)
    assert not files.ensure_folder(folder, mode=0o700)
    folder.chmod(0o777)
    assert files.ensure_folder(folder, mode=0o700)
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(FileFailure, match="make the folder"):
        files.ensure_folder(tmp_path / "link", mode=0o755)


def test_a_link_is_flipped_in_one_rename(tmp_path: Path) -> None:
    link = tmp_path / "current"
    for target in ("1", "2"):
        files.replace_link(link, target)
        assert os.readlink(link) == target
    assert os.listdir(tmp_path) == ["current"]


def test_a_lock_excludes_and_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    other = lock.exclusive(path, purpose="other")
    held = pytest.raises(LockHeld, match=r"held by setup \(pid \d+\)")
    with lock.exclusive(path, purpose="setup"), held:
        other.__enter__()
    with lock.exclusive(path, purpose="again"):
        assert "again" in path.read_text()
    assert path.exists()


@pytest.mark.real
def test_a_tree_is_removed_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (tmp_path / "kept").write_text("")
    monkeypatch.chdir(top)
    for _ in range(1500):
        os.mkdir("x")
        os.chdir("x")
    os.symlink(tmp_path / "kept", "link")
    os.chdir(tmp_path)
    assert trees.remove(top)
    assert os.listdir(tmp_path) == ["kept"]


def test_who_only_looks_at_a_lock_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    path.touch()
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    monkeypatch.setattr("time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
    with lock.exclusive(path, purpose="agent"):
        assert lock.held(path)
    os.close(looking)


def test_a_full_disk_takes_the_holders_name_and_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    path = tmp_path / "lock"
    with lock.exclusive(path, purpose="setup"):
        assert lock.held(path)


def test_a_lock_file_replaced_under_us_does_not_give_two_owners(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.exclusive(path, purpose="first"):
        path.unlink()
        with lock.exclusive(path, purpose="second"):
            # The first holds a lock on a file that has no name any more; the name is the second's.
            assert "second" in path.read_text()


def test_a_tree_is_removed_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"x")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    assert trees.remove(tree)
    assert not trees.remove(tree)
    assert (outside / "file").exists()


@pytest.mark.parametrize("count", [1, 3, 7000])
def test_the_last_lines_of_a_long_file(tmp_path: Path, count: int) -> None:
    path = tmp_path / "log"
    lines = [f"line {n} {'x' * (n % 97)}" for n in range(9000)]
    path.write_text("\n".join(lines) + "\n")
    assert last_lines(path, count) == lines[-count:]
    path.write_text("")
    assert last_lines(path, count) == []


def test_following_goes_on_after_a_log_is_cut_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("old\n")
    lines = follow(path)
    acts = iter(["append", "cut", "replace"])

    def act(seconds: float) -> None:
        """Something happens to the file each time the follower sleeps."""
        match next(acts):
            case "append":
                with path.open("a") as log:
                    log.write("one\n")
            case "cut":
                path.write_text("x\n")
            case _:
                path.rename(tmp_path / "log.1")
                path.write_text("new\n")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.host.tail.time.sleep", act)
        heard = [next(lines) for _ in range(3)]
    assert heard == ["one", "x", "new"]


def test_a_link_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(FileFailure, match="it is a symbolic link"):
        files.read_bytes(tmp_path / "link")
