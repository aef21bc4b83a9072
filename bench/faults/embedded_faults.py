"""The faults of an embedded appliance, each made for real by a process beside it.

Owns how each is made. Refuses to mend anything, but for the one that nobody inside can mend.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.tls.authority import make_authority
from bench.faults.embedded import Embedded
from bench.faults.faults import expired_pair

_LIVENESS = 2.0  # seconds of a failing liveness probe after which a platform starts anew
_SMALL = 256 << 20  # bytes of the disk that is filled


@dataclass(frozen=True)
class Fault:
    """One fault. `strike` makes it."""

    name: str
    strike: Callable[[Embedded], None]
    named: bool = False
    prepare: Callable[[Embedded], None] = lambda place: None
    needs_root: bool = False


def _sent(service: str, number: signal.Signals) -> Callable[[Embedded], None]:
    return lambda place: place.signal(service, number)


def _expired(place: Embedded) -> None:
    """A pair whose time is over, in the place of the one in use, and loaded by nginx."""
    pair = expired_pair()
    for name, content in (("cert", pair.certificate), ("chain", pair.certificate),
                          ("key", pair.key)):  # fmt: skip
        (place.tls / f"{name}.pem").write_bytes(content)
    os.kill(place.main_pid("web"), signal.SIGHUP)


def _differ(place: Embedded) -> None:
    (place.tls / "key.pem").write_bytes(make_authority("other", now=time.time()).key)


def _empty(place: Embedded) -> None:
    (place.tls / "cert.pem").write_bytes(b"")


def _stale(place: Embedded) -> None:
    """The number in it is that of another process of the same user."""
    path = place.data / "pg/postmaster.pid"
    rest = path.read_text().splitlines()[1:]
    place.signal("db", signal.SIGKILL)
    path.write_text("\n".join([str(place.pid_within(place.main_pid("web"))), *rest]) + "\n")
    place.own(path)


def _small_disk(place: Embedded) -> None:
    within = ["nsenter", "--mount", f"--target={place.pid}"]
    disk = ["-t", "tmpfs", "-o", f"size={_SMALL},mode=750", "caretaker-bench"]
    subprocess.run([*within, "mount", *disk, str(place.data / "uploads")], check=True)
    uploads = _uploads(place)
    place.own(uploads)
    _filled(uploads / "ready", 0, place)
    _filled(uploads / "a.tmp", _SMALL * 6 // 10, place)
    time.sleep(3)


def _uploads(place: Embedded) -> Path:
    """As the appliance sees it: the small disk is in its own mount namespace, and ends with it."""
    inside = (place.data / "uploads").resolve().relative_to("/")
    return Path(f"/proc/{place.pid}/root") / inside


def _filled(path: Path, size: int, place: Embedded) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while size > 0:
                size -= file.write(b"\0" * min(size, 1 << 20))
        except OSError:
            pass  # Full: that is the fault.
    place.own(path)


def _fill(place: Embedded) -> None:
    _filled(_uploads(place) / "b.tmp", _SMALL, place)


def _closed(place: Embedded) -> None:
    (place.data / "uploads").chmod(0)


def _stuck(place: Embedded) -> None:
    (place.data / "stuck").touch()
    place.own(place.data / "stuck")


def _agent_hung(place: Embedded) -> None:
    """Nobody inside is left to see to it: a platform with a liveness probe starts it anew."""
    os.kill(place.pid, signal.SIGSTOP)

    def platform() -> None:
        failing = 0.0
        while failing < _LIVENESS:
            time.sleep(0.1)
            failing = 0.0 if place.lives() else failing + 0.1
        place.end()
        place.start()

    threading.Thread(target=platform, daemon=True).start()


FAULTS = (
    Fault("service killed (nginx)", _sent("web", signal.SIGKILL), named=True),
    Fault("service killed (PostgreSQL)", _sent("db", signal.SIGKILL), named=True),
    Fault("service hung (SIGSTOP, nginx)", _sent("web", signal.SIGSTOP)),
    Fault("service hung (SIGSTOP, PostgreSQL)", _sent("db", signal.SIGSTOP)),
    Fault("certificate expired", _expired, named=True),
    Fault("key and certificate differ", _differ),
    Fault("certificate empty", _empty),
    Fault("stale postmaster.pid, its number taken", _stale, named=True),
    Fault("disk full of old files", _fill, prepare=_small_disk, needs_root=True),
    Fault("folder closed to its owner", _closed),
    Fault("a check's program hung, deaf to SIGTERM", _stuck),
    Fault("agent hung (SIGSTOP); its platform starts it anew", _agent_hung),
)
