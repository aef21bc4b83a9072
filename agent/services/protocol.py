"""What a service's state is, and what can be done with services, whoever runs them.

Owns the words shared by systemd and the embedded supervisor. Refuses behaviour.
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

State = Literal["active", "starting", "stopping", "stopped", "backoff", "failed"]


class ServiceState(Struct, frozen=True):
    """How one service stands.

    `pid` is 0 where there is no main process; `restarts` counts those nobody asked for; `since`
    is when it entered this state, in seconds since 1970 (0.0: never seen in one); `summary` one
    line for people, without secrets.
    """

    name: str
    unit: str
    running: bool
    state: State
    pid: int = 0
    restarts: int = 0
    since: float = 0.0
    summary: str = ""


class Services(Protocol):
    """The services of one manifest. Every act returns when it is done, or raises MachineError.

    A name that is no service of the manifest is a UsageError `service-unknown`.
    """

    def names(self) -> tuple[str, ...]:
        """In the order in which they start."""
        ...

    def state(self, name: str) -> ServiceState: ...

    def states(self) -> dict[str, ServiceState]:
        """All of them, for the price of one."""
        ...

    def pids(self, name: str) -> list[int]:
        """Every process of the service, its main process first where it has one."""
        ...

    def start(self, name: str) -> None: ...

    def stop(self, name: str) -> None: ...

    def restart(self, name: str) -> None: ...

    def reload(self, name: str) -> None:
        """Make it reread its files; one without a reload program is restarted."""
        ...


def unknown_service(name: str, known: tuple[str, ...]) -> str:
    """The message of `service-unknown`."""
    return f"{name} is no service of this appliance (services: {', '.join(known) or 'none'})"
