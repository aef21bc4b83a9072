"""Another user's database is read as it was looked at, whatever its owner does meanwhile."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import time
from pathlib import Path

import pytest

from agent.host import sqlite_copy
from agent.host.clock import Clock
from agent.host.failures import FileFailure
from agent.ledger import Ledger, read_ledgers

STRANGER = 65534


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger that is not ours, as root sees the daemon's."""
    path = tmp_path / "ledger.db"
    Ledger(path, Clock()).write("drain")
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    return path


def test_it_reads_as_ours_does(foreign: Path) -> None:
    assert [entry.act for entry in read_ledgers([foreign])] == ["drain"]


def test_nonsense_is_a_failure_and_no_crash(foreign: Path) -> None:
    content = bytearray(foreign.read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    foreign.write_bytes(content)
    with pytest.raises(FileFailure):
        read_ledgers([foreign])


def test_one_without_end_is_given_up(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_copy, "CAP", 1 << 20)
    os.truncate(foreign, 1 << 40)
    with pytest.raises(FileFailure, match="too large"):
        read_ledgers([foreign])


@pytest.mark.real
def test_a_commit_is_waited_for_but_not_for_ever(foreign: Path) -> None:
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            file = os.open(foreign, os.O_RDWR)
            fcntl.lockf(file, fcntl.LOCK_EX, 510, 0x40000002)
            os.write(theirs, b"x")
            time.sleep(20)
        finally:
            os._exit(0)
    try:
        assert os.read(ours, 1) == b"x"
        file = os.open(foreign, os.O_RDONLY)
        with pytest.raises(OSError) as caught:  # noqa: PT011 (which one, below)
            sqlite_copy.opened_copy(file, wait=0.1)
        assert caught.value.errno in (errno.EAGAIN, errno.EACCES)
        os.close(file)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(ours)
        os.close(theirs)


@pytest.mark.real
def test_a_pipe_put_there_in_the_last_moment_holds_nobody_up(foreign: Path) -> None:
    pipe = foreign.with_name("pipe")
    os.mkfifo(pipe)
    libc = ctypes.CDLL(None)
    child = os.fork()
    if child == 0:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            # RENAME_EXCHANGE, renameat2(2)
            libc.renameat2(-100, os.fsencode(foreign), -100, os.fsencode(pipe), 2)
        os._exit(0)
    try:
        seen = {"read": 0, "refused": 0}
        for _ in range(2000):
            try:
                read_ledgers([foreign])
                seen["read"] += 1
            except FileFailure:
                seen["refused"] += 1
        assert min(seen.values()) > 0, seen
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
