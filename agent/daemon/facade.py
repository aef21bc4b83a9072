"""The daemon as the local API sees it (`agent.api.facade.AgentFacade`).

Owns turning requests into calls of the parts. Refuses HTTP and permissions: the API has asked who
is there before.
"""

from __future__ import annotations

from typing import Protocol

from agent.act.acts import RELOAD, RESTART
from agent.act.client import ask
from agent.api.facade import Verb
from agent.daemon.appliance import Appliance
from agent.daemon.events import newest_entries
from agent.daemon.keeper import ModeKeeper
from agent.daemon.looks import Looks
from agent.daemon.records import Records
from agent.daemon.sampler import Sampler
from agent.errors import CaretakerError, UsageError
from agent.host.bell import Bell
from agent.host.machine import Host
from agent.ledger import Entry
from agent.probe.handle import ProbeHandle
from agent.services.embedded import Supervisor
from agent.status import StatusReport


class Parts(Protocol):
    """What the facade needs of the daemon."""

    appliance: Appliance
    host: Host
    bell: Bell
    probe: ProbeHandle
    keeper: ModeKeeper
    looks: Looks
    records: Records
    sampler: Sampler
    supervisor: Supervisor | None
    stop_wanted: str

    def report(self) -> StatusReport: ...

    def reload(self, *, actor: str) -> None: ...


class Facade:
    """All calls are safe from any thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def status(self) -> StatusReport:
        self._parts.probe.echo()  # fetches what the child has counted
        return self._parts.report()

    def ledger(self, *, limit: int, since: float) -> list[Entry]:
        return newest_entries(self._parts.appliance.layout, limit=limit, since=since)

    def resources(self) -> dict[str, float]:
        return self._parts.sampler.newest

    def drain(self, *, reason: str, until: float | None, actor: str) -> None:
        self._parts.keeper.drain(reason=reason, until=until, actor=actor)

    def undrain(self, *, actor: str) -> None:
        self._parts.keeper.undrain(actor=actor)

    def maintenance_on(self, *, reason: str, until: float, actor: str) -> None:
        self._parts.keeper.maintenance_on(reason=reason, until=until, actor=actor)

    def maintenance_off(self, *, actor: str) -> None:
        self._parts.keeper.maintenance_off(actor=actor)

    def reload(self, *, actor: str) -> None:
        self._parts.reload(actor=actor)

    def look(self) -> None:
        self._parts.looks.again(self._parts.appliance.manifest.checks)

    def order(self, verb: Verb, service: str, *, actor: str) -> None:
        parts = self._parts
        if parts.supervisor is None:
            self._ask_root(verb, service)
            return
        acts = {
            "start": parts.supervisor.start,
            "stop": parts.supervisor.stop,
            "restart": parts.supervisor.restart,
            "reload": parts.supervisor.reload,
        }
        act = f"{verb}-service"
        try:
            acts[verb](service)
        except CaretakerError as error:
            parts.records.noted(
                act, target=service, outcome="failed", why=error.message, actor=actor
            )
            raise
        parts.records.noted(act, target=service, actor=actor)

    def _ask_root(self, verb: Verb, service: str) -> None:
        """The root one-shot writes its own ledger."""
        parts = self._parts
        for act in (RESTART, RELOAD):
            if act.name == f"{verb}-service":
                ask(act.name, service, host=parts.host, layout=parts.appliance.layout)
                return
        raise UsageError(
            "embedded-only",
            f"on this machine systemd is told to {verb} {service}",
            hint="systemctl list-units --type=service",
        )

    def stop(self, *, actor: str) -> None:
        parts = self._parts
        if not parts.appliance.layout.embedded:
            raise UsageError(
                "embedded-only",
                "on this machine systemd stops the agent",
                hint="sudo systemctl stop caretaker",
            )
        parts.stop_wanted = actor
        parts.bell.ring()
