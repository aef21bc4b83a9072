"""`trim`: blocks that files no longer use, told to the disks below.

Owns the decision to leave it to systemd's own timer where that is on. Refuses to do it itself: the
distribution's own service has the right to, and knows which file systems can.
"""

from __future__ import annotations

from agent.errors import MachineError
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

_TIMER, _SERVICE = "fstrim.timer", "fstrim.service"
_TIMEOUT = 3000.0


def run(chores: Chores) -> Done:
    timer, service = chores.host.systemd.show_all([_TIMER, _SERVICE])
    if timer.exists and timer.is_active:
        return Done(summary=f"{_TIMER} does it")
    if not service.exists:
        return Done(summary=f"there is no {_SERVICE} on this machine")
    if chores.dry:
        return Done(summary=f"would start {_SERVICE}")
    done = chores.host.systemd.control("start", _SERVICE, timeout=_TIMEOUT)
    if not done.ok:
        raise MachineError(
            "command-failed", f"{_SERVICE}: {done.reason}", hint=f"journalctl -u {_SERVICE}"
        )
    return Done(summary=f"{_SERVICE} told the disks")


TASK = Task(
    name="trim",
    title="unused blocks, told to the disks",
    schedule=Schedule(calendar="weekly", jitter=Duration(6 * 3600)),
    run=run,
    modes=("systemd",),
)
