"""From a fault to 503: how long balancers go on hearing that all is well.

Owns the faults, each made for real and undone, and the stopwatch. Every check looks once a second
and believes in the second failure, so the bar is 2.2 s; each fault comes at another phase.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.tls.authority import make_authority, make_leaf
from bench.agent.subject import Subject, free_port
from bench.health.table import Bar, Report

EVERY, FALL = 1.0, 2
BAR = EVERY * FALL + 0.2
_CHECK = 'every = "1s"\nfall = 2\nrise = 1\ntimeout = "400ms"\n'

# A server that answers every caller, and on SIGUSR1 stops listening but goes on living.
_SERVER = """
import signal, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
def deafen(*_):
    listener.close()
signal.signal(signal.SIGUSR1, deafen)
while True:
    try:
        caller, _ = listener.accept()
    except OSError:
        signal.pause()
        continue
    caller.recv(4096)
    caller.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    caller.close()
"""


@dataclass(frozen=True)
class Fault:
    """One way to break, its check, and what is there before (made anew for each run)."""

    name: str
    check: str
    scene: Callable[[Path], contextlib.AbstractContextManager[Callable[[], None]]]


def faults(python: str, folder: Path, runs: int) -> Report:
    report = Report("From fault to 503", ("fault", "median s", "worst s", "of s"))
    for number, fault in enumerate(_faults(folder)):
        if fault.name == "disk full" and os.geteuid() != 0:
            report.notes.append("disk full: needs root for a small tmpfs; not measured.")
            continue
        place = folder / f"fault{number}"
        place.mkdir()
        subject = Subject(python, place / "root", f"\n[checks.it]\n{fault.check}{_CHECK}")
        seen = sorted(_run(subject, fault, place, run / runs) for run in range(runs))
        report.figures[fault.name] = seen
        report.rows.append(
            [fault.name, f"{seen[len(seen) // 2]:.2f}", f"{seen[-1]:.2f}", f"{BAR:.1f}"]
        )
        report.bars.append(Bar(f"{fault.name} to 503, worst of {runs}", seen[-1], BAR, "s"))
    return report


def _run(subject: Subject, fault: Fault, place: Path, phase: float) -> float:
    with fault.scene(place) as strike, subject.running():
        subject.wait(200)
        time.sleep(2 * EVERY + phase * EVERY)
        if fault.name == "stopped daemon":
            os.kill(subject.pid, signal.SIGSTOP)
        subject.mark()
        strike()
        return subject.wait(503, step=0.004)


def _faults(folder: Path) -> list[Fault]:
    port = free_port()
    http = f'type = "http"\nurl = "http://127.0.0.1:{port}/"\n'
    victim = folder / "victim"
    shutil.copy2("/bin/sleep", victim)
    disk = folder / "disk"
    disk.mkdir()
    pem = folder / "pair"
    pem.mkdir()
    return [
        Fault("killed", f'type = "process"\nexecutable = "{victim}"\n',
              lambda _: _program([str(victim), "1000"], signal.SIGKILL)),
        Fault("hung", http, lambda _: _server(port, signal.SIGSTOP)),
        Fault("port closed", f'type = "tcp"\nport = {port}\n',
              lambda _: _server(port, signal.SIGUSR1)),
        Fault("disk full", f'type = "disk"\npath = "{disk}"\nfail_free = "1MiB"\n',
              lambda _: _small_disk(disk)),
        Fault("expired certificate", f'type = "certificate"\npath = "{pem}/cert.pem"\n',
              lambda _: _certificate(pem)),
        Fault("stopped daemon", 'type = "memory"\n', lambda _: contextlib.nullcontext(_nothing)),
    ]  # fmt: skip


def _nothing() -> None:
    """The fault is in the daemon itself."""


@contextlib.contextmanager
def _program(argv: list[str], blow: signal.Signals) -> Iterator[Callable[[], None]]:
    child = subprocess.Popen(argv)

    def strike() -> None:
        child.send_signal(blow)
        if blow is signal.SIGKILL:
            child.wait()

    try:
        yield strike
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(signal.SIGCONT)
            child.kill()
        child.wait()


@contextlib.contextmanager
def _server(port: int, blow: signal.Signals) -> Iterator[Callable[[], None]]:
    with _program([sys.executable, "-I", "-S", "-c", _SERVER, str(port)], blow) as strike:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                break
            time.sleep(0.01)
        yield strike


@contextlib.contextmanager
def _small_disk(place: Path) -> Iterator[Callable[[], None]]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], check=True)

    def strike() -> None:
        with contextlib.suppress(OSError), (place / "filler").open("wb") as filler:
            while True:
                filler.write(b"\0" * 65536)

    try:
        yield strike
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextlib.contextmanager
def _certificate(place: Path) -> Iterator[Callable[[], None]]:
    now = time.time()
    good = make_leaf(make_authority("bench", now=now), ["localhost"], now=now, days=397)
    past = now - 400 * 86400
    expired = make_leaf(make_authority("bench", now=past), ["localhost"], now=past, days=1)
    (place / "cert.pem").write_bytes(good.certificate)

    def strike() -> None:
        (place / "next.pem").write_bytes(expired.certificate)
        (place / "next.pem").rename(place / "cert.pem")

    yield strike
