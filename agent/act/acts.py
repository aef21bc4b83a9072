"""The acts there are: a closed list.

Owns their names, what each may be done to, and what it does. Refuses parameters: an act and one
name out of the manifest are all that a request can say, so there is no way to hand in a path or a
command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from agent.errors import MachineError
from agent.host.systemd import Systemd
from agent.services.protocol import Services

Kind = Literal["service", "remedy"]
# Below TimeoutStartSec= of caretaker-act@.service, so that whoever asked hears why.
_LONGEST = 840.0  # seconds


@dataclass(frozen=True, slots=True)
class Hands:
    """What an act is done with."""

    services: Services
    systemd: Systemd

    def start(self, unit: str) -> None:
        """Start a one-shot and wait for its end. Raises MachineError."""
        done = self.systemd.control("start", unit, timeout=_LONGEST)
        if not done.ok:
            why = done.reason if done.timed_out else (done.stderr.strip().splitlines() or [""])[0]
            raise MachineError(
                "command-failed",
                f"{unit} did not end well: {why or done.reason}",
                hint=f"journalctl -u {unit} -n 50",
            )


@dataclass(frozen=True, slots=True)
class Act:
    """One act on one thing of a kind. `run` raises MachineError.

    `own_entry`: what it starts writes the ledger itself, so that only a failure is added here.
    """

    name: str
    kind: Kind
    done: str
    run: Callable[[Hands, str], None]
    own_entry: bool = False


RESTART = Act(
    "restart-service", "service", "was restarted", lambda hands, name: hands.services.restart(name)
)
RELOAD = Act(
    "reload-service", "service", "was reloaded", lambda hands, name: hands.services.reload(name)
)
RUN_REMEDY = Act(
    "run-remedy", "remedy", "was run",
    lambda hands, name: hands.start(f"caretaker-remedy@{name}.service"), own_entry=True,
)  # fmt: skip

# No act for tasks: timers start them, and the daemon has no reason to.
ACTS = (RESTART, RELOAD, RUN_REMEDY)
