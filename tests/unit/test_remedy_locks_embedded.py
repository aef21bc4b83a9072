"""A stale lock below a root of its own: a real daemon notices it, asks, and is well again."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.layout import Layout
from agent.ledger import read_ledgers
from tests.unit.daemon_process import QUICK, DaemonProcess

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may look at every process"),
]

# Makes its lock in the usual way, and never takes away what it finds.
DB = """
import os, sys, time
try:
    fd = os.open("db.pid", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
except FileExistsError:
    sys.exit("db.pid is there: I run already")
os.write(fd, b"%d" % os.getpid())
os.close(fd)
time.sleep(600)
"""
LOCK = """
[locks.db-pid]
path = "{data}/db.pid"
kind = "pidfile"
service = "db"
protects = ["{data}/rows"]
"""


@pytest.fixture
def layout(root: Path) -> Layout:
    found = Layout(root, "shop")
    found.data.mkdir(parents=True)
    (found.data / "db.py").write_text(DB)
    return found


@pytest.fixture
def daemon(layout: Layout) -> Iterator[DaemonProcess]:
    service = f'[services.db]\ncommand = ["{sys.executable}", "-I", "db.py"]\n'
    checks = f'[checks.db]\ntype = "unit"\nservice = "db"\n{QUICK}'
    checks += f'[checks.lock]\ntype = "lock"\nlock = "db-pid"\n{QUICK}'
    with DaemonProcess(layout.root, checks, more=f"{service}{LOCK}").running() as found:
        yield found


def test_a_stale_lock_keeps_a_service_down_for_moments_only(
    layout: Layout, daemon: DaemonProcess
) -> None:
    daemon.says(200)
    lock = layout.data / "db.pid"
    daemon.until(lambda: lock.exists() and lock.read_text())
    dead = int(lock.read_text())
    os.kill(dead, signal.SIGKILL)
    begun = time.monotonic()
    daemon.until(lambda: lock.exists() and lock.read_text() not in ("", str(dead)))
    daemon.says(200)
    print(f"mended after {time.monotonic() - begun:.1f} s")
    assert [path.read_text() for path in layout.quarantine.iterdir()] == [str(dead)]
    entry = next(each for each in read_ledgers(layout.ledgers) if each.target == "db-pid")
    assert (entry.act, entry.outcome) == ("remedy locks", "done")
