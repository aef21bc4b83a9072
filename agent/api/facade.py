"""What the local API needs of the daemon, as a protocol.

Owns the border between HTTP and the daemon: the API knows this, the daemon implements it, and a
test hands in a fake.
"""

from __future__ import annotations

from typing import Literal, Protocol

from agent.ledger import Entry
from agent.status import StatusReport

Verb = Literal["start", "stop", "restart", "reload"]


class AgentFacade(Protocol):
    """The daemon as the local API sees it. All calls are safe from any thread.

    `until` is seconds since 1970, or None for "until taken back"; `actor` says who asked, such
    as `uid 0`. Acts raise CaretakerError; a UsageError is the asker's fault.
    """

    def status(self) -> StatusReport: ...

    def ledger(self, *, limit: int, since: float) -> list[Entry]: ...

    def drain(self, *, reason: str, until: float | None, actor: str) -> None: ...

    def undrain(self, *, actor: str) -> None: ...

    def maintenance_on(self, *, reason: str, until: float, actor: str) -> None: ...

    def maintenance_off(self, *, actor: str) -> None: ...

    def order(self, verb: Verb, service: str, *, actor: str) -> None:
        """Embedded: by the supervisor. On systemd: asked of the root one-shot, which restarts
        and reloads; what is started or stopped there is systemd's (UsageError)."""
        ...

    def reload(self, *, actor: str) -> None:
        """Read manifest and settings again; a broken manifest raises and changes nothing."""
        ...

    def look(self) -> None:
        """Every check looks now and not at its time; returns before they have."""
        ...

    def stop(self, *, actor: str) -> None:
        """Embedded only: end the services and the daemon."""
        ...

    def resources(self) -> dict[str, float]:
        """Newest resource sample: metric name -> value, units in the names."""
        ...
