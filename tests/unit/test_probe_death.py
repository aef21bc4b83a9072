"""Daemons that hang, stop and die, and children that do: never an answer that is not true."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from agent.host.listener import listen
from tests.unit.probe_client import connect, get, running, snapshot, until

pytestmark = pytest.mark.real

PARENT = Path(__file__).with_name("probe_parent.py")


@contextlib.contextmanager
def daemon(
    valid: float, every: float = 0.1, port: int = 0
) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """The process, the port and the child's process id."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(PARENT), str(port), str(valid), str(every)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        found, child = map(int, process.stdout.readline().split())
        yield process, found, child
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def ended(pid: int) -> bool:
    """Gone, or waiting to be reaped by whoever is process 1 here."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def refused(port: int) -> bool:
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_red_by_itself_when_the_deadline_passes() -> None:
    with running() as handle:
        handle.publish(snapshot(), valid_for=0.4)
        assert get(handle.port, "/healthz").status == 200
        time.sleep(0.45)
        for path in ("/healthz", "/livez", "/readyz/db", "/health/data"):
            assert get(handle.port, path).body == "fail stale\n"
        assert "Unhealthy" in get(handle.port, "/health/azure").body
        assert handle.echo()
        assert handle.stats().stale
        handle.publish(snapshot(), valid_for=60)
        assert get(handle.port, "/healthz").status == 200


def test_red_also_for_a_connection_kept_from_better_times() -> None:
    with running() as handle, connect(handle.port) as peer:
        handle.publish(snapshot(), valid_for=0.3)
        request = b"GET /healthz HTTP/1.1\r\n\r\n"
        peer.sendall(request)
        assert peer.recv(4096).startswith(b"HTTP/1.1 200 ")
        time.sleep(0.35)
        peer.sendall(request)
        assert peer.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_a_stopped_daemon_is_red_and_green_again_when_it_goes_on() -> None:
    with daemon(valid=0.5) as (process, port, _):
        assert until(lambda: get(port, "/healthz").status == 200)
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert until(lambda: get(port, "/healthz").body == "fail stale\n")
        assert time.monotonic() - began < 0.7
        process.send_signal(signal.SIGCONT)
        assert until(lambda: get(port, "/healthz").status == 200)


def test_a_killed_daemon_takes_its_child_along_and_frees_the_port() -> None:
    with daemon(valid=60) as (process, port, child):
        assert until(lambda: get(port, "/healthz").status == 200)
        process.kill()
        process.wait()
        assert until(lambda: refused(port), seconds=1)
        assert until(lambda: ended(child), seconds=1)
        listen("127.0.0.1", port, backlog=1).close()
        with daemon(valid=60, port=port) as (_, again, _):
            assert again == port
            assert until(lambda: get(port, "/healthz").status == 200)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_child_leaves_signals_to_the_daemon(number: int) -> None:
    with running() as handle:
        os.kill(handle.pid, number)
        time.sleep(0.05)
        assert handle.echo()
        assert get(handle.port, "/healthz").status == 503


def test_stop_ends_the_child_at_once_and_closes_the_ports() -> None:
    with running() as handle, connect(handle.port):
        began = time.monotonic()
        handle.stop()
        assert time.monotonic() - began < 0.5
        assert not handle.alive()
        assert not handle.echo()
        assert refused(handle.port)
        handle.publish(snapshot(), valid_for=1)  # harmless


def test_stop_ends_a_child_that_does_not_listen() -> None:
    with running() as handle:
        os.kill(handle.pid, signal.SIGSTOP)
        handle.stop(patience=0.1)
        assert not Path(f"/proc/{handle.pid}").exists()


def test_a_stuck_child_fails_the_echo_and_never_blocks_publishing() -> None:
    with running() as handle:
        handle.publish(snapshot(), valid_for=60)
        os.kill(handle.pid, signal.SIGSTOP)
        began = time.monotonic()
        for number in range(5000):
            handle.publish(snapshot("fail", reason="fail", weight=number % 90), valid_for=60)
        assert time.monotonic() - began < 3
        assert handle.alive()
        assert not handle.echo(timeout=0.1)
        # More was said than the channel holds, so what it has is old: red, not the old green.
        os.kill(handle.pid, signal.SIGCONT)
        assert get(handle.port, "/healthz").status == 503
        handle.publish(snapshot(), valid_for=60)
        assert until(lambda: get(handle.port, "/healthz").status == 200)


def test_a_deadline_does_not_make_an_undelivered_snapshot_fresh() -> None:
    with running() as handle:
        handle.publish(snapshot(), valid_for=60)
        assert get(handle.port, "/healthz").status == 200
        handle._board.post(handle._number + 1, 1e9)  # posted, as if the message were lost
        assert get(handle.port, "/healthz").body == "fail stale\n"


def test_a_dead_child_is_noticed_and_revived_on_the_same_port() -> None:
    with running() as handle:
        handle.publish(snapshot(), valid_for=60)
        assert not handle.revive()
        os.kill(handle.pid, signal.SIGKILL)
        assert until(lambda: not handle.alive())
        assert not handle.echo()
        waiting = connect(handle.port)  # not refused: the port stays open
        with waiting:
            assert handle.revive()
            assert handle.echo()
            waiting.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert b" 503 " in waiting.recv(4096)
        handle.publish(snapshot(), valid_for=60)
        assert get(handle.port, "/healthz").status == 200


def test_the_handle_is_safe_in_many_threads() -> None:
    with running() as handle:
        handle.publish(snapshot(), valid_for=60)
        wrong: list[str] = []
        end = time.monotonic() + 1.0

        def publish(ready: str) -> bool:
            handle.publish(snapshot(ready, reason=ready), valid_for=60)
            time.sleep(0.0005)  # faster than the child reads would be red, on purpose
            return True

        def ask() -> bool:
            return get(handle.port, "/healthz").body in ("pass\n", "warn\n", "fail\n")

        def repeat(act: Callable[[], bool]) -> None:
            while time.monotonic() < end:
                if not act():
                    wrong.append(repr(act))

        acts = [
            *(partial(publish, word) for word in ("pass", "warn", "fail")),
            *(partial(handle.echo, timeout=5), ask, ask),
        ]
        threads = [threading.Thread(target=repeat, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


def test_answering_within_a_moment_of_exec() -> None:
    """A generous bound for a busy machine; `python -m bench.health startup` has the figure."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    best = 9.9
    for _ in range(5):
        began = time.monotonic()
        with daemon(valid=0, port=port):
            assert get(port, "/healthz").body == "fail starting\n"
            best = min(best, time.monotonic() - began)
    assert best < 0.25
