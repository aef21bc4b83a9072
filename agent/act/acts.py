"""The acts there are: a closed list.

Owns their names and what each does to one service of the manifest. Refuses parameters: an act and
the name of a service are all that a request can say, so there is no way to hand in a path or a
command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.services.protocol import Services


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `run` takes the services and the service's name; it raises MachineError."""

    name: str
    done: str
    run: Callable[[Services, str], None]


RESTART = Act("restart-service", "was restarted", lambda services, name: services.restart(name))
RELOAD = Act("reload-service", "was reloaded", lambda services, name: services.reload(name))

ACTS = (RESTART, RELOAD)
