"""systemd: is it here, what does a unit do, and telling it about ourselves.

Owns `systemctl` and the notify socket. Refuses to decide what should run.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.host import spawn

TIMEOUT = 90.0  # seconds; systemd's own default for a start job


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit as `systemctl show` tells it. Pids are 0 and times 0.0 where there are none."""

    name: str
    load: str
    active: str
    sub: str
    enabled: str
    main_pid: int
    restarts: int
    result: str

    @property
    def exists(self) -> bool:
        return self.load not in ("not-found", "")

    @property
    def is_active(self) -> bool:
        return self.active in ("active", "reloading")


_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,NRestarts,Result"


class Systemd:
    """The service manager of this machine."""

    def booted(self) -> bool:
        """Whether systemd is PID 1 here (sd_booted(3))."""
        return Path("/run/systemd/system").is_dir()

    def show(self, unit: str, *, timeout: float = 5.0) -> UnitState:
        """One unit's state; load is `not-found` for a unit nobody knows. OSError on no answer."""
        done = spawn.run(
            ["systemctl", "show", f"--property={_PROPERTIES}", "--", unit], timeout=timeout
        )
        if not done.ok:
            raise OSError(f"systemctl show {unit}: {done.reason}")
        facts = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
        return UnitState(
            name=facts.get("Id", unit),
            load=facts.get("LoadState", ""),
            active=facts.get("ActiveState", ""),
            sub=facts.get("SubState", ""),
            enabled=facts.get("UnitFileState", ""),
            main_pid=int(facts.get("MainPID") or 0),
            restarts=int(facts.get("NRestarts") or 0),
            result=facts.get("Result", ""),
        )

    def control(self, verb: str, *units: str, timeout: float = TIMEOUT) -> spawn.Completed:
        """`systemctl VERB UNIT...`: start, stop, restart, reload, enable, daemon-reload, ..."""
        return spawn.run(["systemctl", "--no-ask-password", verb, *units], timeout=timeout)

    def notify(self, *states: str) -> None:
        """Tell the service manager (sd_notify(3)): `READY=1`, `WATCHDOG=1`, `STATUS=...`.

        Quiet where nobody listens. Spoken here in full, since systemd-python may be absent
        (embedded mode) and is 2 MB for one datagram.
        """
        address = os.environ.get("NOTIFY_SOCKET", "")
        if not address:
            return
        target = "\0" + address[1:] if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
            try:
                out.sendto("\n".join(states).encode(), target)
            except OSError:
                return  # The manager went away; there is nobody left to tell.

    def watchdog_interval(self) -> float:
        """Seconds between two pings that systemd waits for; 0.0 where it doesn't."""
        usec = os.environ.get("WATCHDOG_USEC", "")
        pid = os.environ.get("WATCHDOG_PID", "")
        if not usec.isdigit() or (pid and pid != str(os.getpid())):
            return 0.0
        return int(usec) / 1e6


def argv_of(words: Sequence[str]) -> str:
    """An argument list as ExecStart= takes it (systemd.service(5), command lines)."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    escaped = escaped.replace("$", "$$").replace("\n", "\\n")
    return f'"{escaped}"' if not escaped or set(escaped) & set(" \t'\"\\;") else escaped
