"""systemd: is it here, what does a unit do, and telling it about ourselves.

Owns `systemctl` and the notify socket. Refuses to decide what should run.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.host import spawn

TIMEOUT = 90.0  # seconds; systemd's own default for a start job


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit as `systemctl show` tells it. Pids are 0 and times 0.0 where there are none.

    `since` is when it entered its state, in seconds since 1970; `exit_status` how its main
    process ended last; `control_group` the path of its cgroup, empty while it has none;
    `invocation` names its last run. `told_to_stop`: it left `active` before its main process
    ended, so somebody asked for it; one that fails does so the other way round.
    """

    name: str
    load: str
    active: str
    sub: str
    enabled: str
    main_pid: int
    restarts: int
    result: str
    since: float = 0.0
    exit_status: int = 0
    control_group: str = ""
    invocation: str = ""
    told_to_stop: bool = False

    @property
    def exists(self) -> bool:
        return self.load not in ("not-found", "")

    @property
    def is_active(self) -> bool:
        return self.active in ("active", "reloading")


_PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,NRestarts,Result,"
    "StateChangeTimestampMonotonic,ExecMainStatus,ControlGroup,InvocationID,"
    "ActiveExitTimestampMonotonic,ExecMainStartTimestampMonotonic,ExecMainExitTimestampMonotonic"
)


class Systemd:
    """The service manager of this machine."""

    def booted(self) -> bool:
        """Whether systemd is PID 1 here (sd_booted(3))."""
        return Path("/run/systemd/system").is_dir()

    def show(self, unit: str, *, timeout: float = 5.0) -> UnitState:
        """One unit's state; load is `not-found` for a unit nobody knows. OSError on no answer."""
        return self.show_all([unit], timeout=timeout)[0]

    def show_all(self, units: Sequence[str], *, timeout: float = 5.0) -> list[UnitState]:
        """The state of each unit, in this order, for one call. OSError on no answer."""
        if not units:
            return []
        done = spawn.run(
            ["systemctl", "show", f"--property={_PROPERTIES}", "--", *units], timeout=timeout
        )
        blocks = done.stdout.strip().split("\n\n")
        if not done.ok or len(blocks) != len(units):
            raise OSError(f"systemctl show {' '.join(units)}: {done.reason}")
        return [_unit_state(unit, block) for unit, block in zip(units, blocks, strict=True)]

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

    def notify_reloading(self) -> None:
        """Say that the configuration is being read again; `READY=1` ends it (sd_notify(3))."""
        # systemd compares with its own CLOCK_MONOTONIC to tell this reload from an earlier one.
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.notify("RELOADING=1", f"MONOTONIC_USEC={now}")

    def watchdog_interval(self) -> float:
        """Seconds between two pings that systemd waits for; 0.0 where it doesn't."""
        usec = os.environ.get("WATCHDOG_USEC", "")
        pid = os.environ.get("WATCHDOG_PID", "")
        if not usec.isdigit() or (pid and pid != str(os.getpid())):
            return 0.0
        return int(usec) / 1e6


def _unit_state(unit: str, block: str) -> UnitState:
    facts = dict(line.partition("=")[::2] for line in block.splitlines())
    number = {name: int(text) for name, text in facts.items() if text.isdigit()}
    started = number.get("ExecMainStartTimestampMonotonic", 0)
    left = number.get("ActiveExitTimestampMonotonic", 0)
    ended = number.get("ExecMainExitTimestampMonotonic", 0)
    return UnitState(
        name=facts.get("Id", unit),
        load=facts.get("LoadState", ""),
        active=facts.get("ActiveState", ""),
        sub=facts.get("SubState", ""),
        enabled=facts.get("UnitFileState", ""),
        main_pid=number.get("MainPID", 0),
        restarts=number.get("NRestarts", 0),
        result=facts.get("Result", ""),
        since=_wall(number.get("StateChangeTimestampMonotonic", 0)),
        exit_status=number.get("ExecMainStatus", 0),
        control_group=facts.get("ControlGroup", ""),
        invocation=facts.get("InvocationID", ""),
        told_to_stop=0 < started < left < ended,
    )


def _wall(monotonic: int) -> float:
    """Microseconds of CLOCK_MONOTONIC as seconds since 1970.

    The readable timestamps are in the machine's time zone, and --timestamp=unix came with 251.
    """
    if not monotonic:
        return 0.0
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + monotonic / 1e6
