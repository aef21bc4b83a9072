"""The guard of the unit tests refuses what it should, and cannot be swallowed."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import GUARD
from tests.guard import Forbidden

HERE = Path(__file__).parent


def fork() -> None:
    if os.fork() == 0:
        os._exit(0)


TRESPASSES: dict[str, Callable[[], object]] = {
    "process": lambda: subprocess.run(["true"]),
    "fork": fork,
    "signal": lambda: os.kill(os.getpid(), 0),
    "bind": lambda: socket.create_server(("127.0.0.1", 0)),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "look-up": lambda: socket.getaddrinfo("localhost", 80),
    "write": lambda: (HERE / "mark").write_text("x"),
    "append": lambda: (HERE / "mark").open("a"),
    "descriptor": lambda: os.open(HERE / "mark", os.O_CREAT | os.O_WRONLY),
    "remove": lambda: (HERE / "mark").unlink(),
    "rename": lambda: (HERE / "mark").rename(HERE / "mark.old"),
    "folder": lambda: (HERE / "mark").mkdir(),
    "link": lambda: (HERE / "mark").symlink_to("/"),
    "mode": lambda: HERE.chmod(0o755),
    "database": lambda: sqlite3.connect(HERE / "mark.db"),
}


@pytest.mark.parametrize("kind", TRESPASSES)
def test_refuses(kind: str) -> None:
    with pytest.raises(Forbidden):
        TRESPASSES[kind]()
    GUARD.seen.clear()
    assert not (HERE / "mark").exists()


def test_refuses_a_way_out_of_the_temporary_root_by_a_link(root: Path) -> None:
    (root / "out").symlink_to(HERE)
    with pytest.raises(Forbidden):
        (root / "out" / "mark").write_text("x")
    GUARD.seen.clear()


def test_refuses_a_removal_relative_to_a_folder_outside() -> None:
    folder = os.open(HERE, os.O_RDONLY)
    try:
        with pytest.raises(Forbidden):
            os.unlink("mark", dir_fd=folder)
    finally:
        os.close(folder)
    GUARD.seen.clear()


def test_lets_the_temporary_root_and_reading_through(root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc" / "conf").write_text("x")
    (root / "etc" / "conf").rename(root / "conf")
    folder = os.open(root, os.O_RDONLY)
    os.close(os.open("inside", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.unlink("inside", dir_fd=folder)
    os.close(folder)
    sqlite3.connect(":memory:").close()
    assert "Forbidden" in Path(__file__).read_text()
    assert [path.name for path in root.iterdir() if path.is_file()] == ["conf"]


def test_product_code_that_catches_exceptions_does_not_catch_a_refusal() -> None:
    assert not issubclass(Forbidden, Exception)


@pytest.mark.real
def test_a_test_marked_real_may_do_it() -> None:
    assert subprocess.run(["true"]).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] > 0
