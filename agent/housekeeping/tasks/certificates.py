"""`certificates`: those that are due are renewed, by the remedy that also mends them.

Owns asking for it once a day. Refuses to know certificates: `agent.remedies` looks, renews, proves
and tells the services. On systemd that runs in the remedy's own unit, with the remedy's rights.
"""

from __future__ import annotations

import sys

from agent.errors import BusyError, MachineError, RefusedError
from agent.host.spawn import Completed
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule

_UNIT = "caretaker-remedy@tls.service"
_TIMEOUT = 840.0  # seconds; TimeoutStartSec= of that unit, and some


def run(chores: Chores) -> Done:
    names = ", ".join(chores.manifest.certificates)
    if chores.dry:
        return Done(summary=f"would look at {names} and renew what is due")
    if not chores.layout.embedded:
        done = chores.host.systemd.control("start", _UNIT, timeout=_TIMEOUT)
        return _told(done, names, f"journalctl -u {_UNIT}")
    root = str(chores.layout.root)
    argv = [sys.executable, "-I", "-m", "agent.remedies", "--root", root, "run", "tls"]
    done = chores.host.run(argv, timeout=_TIMEOUT)
    return _told(done, names, f"caretaker --root {root} remedies run tls")


def _told(done: Completed, names: str, hint: str) -> Done:
    lines = tuple(done.stdout.strip().splitlines()[:50])
    if done.ok:
        return Done(summary=f"looked after {names}", items=len(lines), lines=lines)
    if done.status == BusyError.exit_status:
        return Done(summary="another remedy runs; the next time", lines=lines)
    if done.status == RefusedError.exit_status:
        # One that the customer brought, or an order that waits: told by the check, each time.
        return Done(summary=f"looked after {names}; what is left waits, or is for you", lines=lines)
    raise MachineError("command-failed", f"the remedy tls: {done.reason}", hint=hint)


TASK = Task(
    name="certificates",
    title="certificates that are due, renewed",
    schedule=Schedule(calendar="daily", jitter=Duration(4 * 3600)),
    run=run,
    wanted=lambda manifest: bool(manifest.certificates),
)
