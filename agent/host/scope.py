"""A transient scope of systemd's for this process: how much of the machine it may take at most.

Owns the one call to the service manager. Refuses to insist: where there is no systemd, or it says
no, this process stays where it is.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from agent.host import spawn
from agent.host.systemd import Systemd

_TIMEOUT = 5.0  # seconds
_MOVE = 1.0


@dataclass(frozen=True, slots=True)
class Share:
    """What it may take: percent of one processor, bytes of memory (soft, hard)."""

    processor_percent: int
    memory_high: int
    memory_max: int


def enter(systemd: Systemd, name: str, share: Share) -> str:
    """Put this process, and so all it will start, into `NAME-PID.scope`; why not, or empty."""
    if not systemd.booted() or os.geteuid() != 0:
        return "no systemd to ask"
    unit = f"{name}-{os.getpid()}.scope"
    # What takes too much is ended alone: the packer must outlive a collector and the redactor.
    # Scopes have that word since systemd 253; an older one refuses all for its sake.
    done = _ask(unit, (*_properties(share), ("OOMPolicy", "s", "continue")))
    if not done.ok:
        done = _ask(unit, _properties(share))
    return _moved(unit) if done.ok else done.reason


def _properties(share: Share) -> tuple[tuple[str, ...], ...]:
    return (
        ("PIDs", "au", "1", str(os.getpid())),
        ("Description", "s", "support bundle"),
        ("CPUQuotaPerSecUSec", "t", str(share.processor_percent * 10_000)),
        ("CPUWeight", "t", "10"),
        ("IOWeight", "t", "10"),
        ("MemoryHigh", "t", str(share.memory_high)),
        ("MemoryMax", "t", str(share.memory_max)),
    )


def _ask(unit: str, properties: tuple[tuple[str, ...], ...]) -> spawn.Completed:
    words = [word for each in properties for word in each]
    return spawn.run(
        [
            *("busctl", "--system", "--quiet", "call", "org.freedesktop.systemd1"),
            *("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"),
            *("StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "fail"),
            *(str(len(properties)), *words, "0"),
        ],
        timeout=_TIMEOUT,
    )


def _moved(unit: str) -> str:
    """The answer comes before the move: wait for it, else a child of ours would stay outside."""
    end = time.monotonic() + _MOVE
    while time.monotonic() < end:
        if unit in Path("/proc/self/cgroup").read_text():
            return ""
        time.sleep(0.005)
    return "it did not come about in time"
