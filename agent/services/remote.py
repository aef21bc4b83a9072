"""Services of an embedded appliance, as a process other than its daemon sees them.

Owns asking the daemon, which alone holds the supervisor: for an act over its Unix socket, for how
things stand by its report on disk, which costs it nothing (the API's libraries are 25 MB). Refuses
to start a daemon: while none runs, nothing of the application does, and every state is `stopped`.
"""

from __future__ import annotations

import msgspec

from agent import asking
from agent.errors import MachineError, UsageError
from agent.host import children, files, lock
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.services.order import start_order
from agent.services.protocol import ServiceState, unknown_service

_PATIENCE = 90.0  # seconds that an act may take, beyond the service's own time to stop


class _Told(msgspec.Struct):
    """What of the daemon's report is of use here."""

    services: list[dict[str, object]] = []


class Remote:
    """The services of one manifest, by way of its daemon (`agent.services.protocol.Services`).

    `begun`: False before the daemon has started any; what its report says is of an earlier one.
    """

    def __init__(
        self, manifest: Manifest, layout: Layout, host: Host, *, begun: bool = True
    ) -> None:
        self._manifest, self._layout, self._host = manifest, layout, host
        self._names = start_order(manifest.services)
        self._begun = begun
        self._acted = False

    def names(self) -> tuple[str, ...]:
        return self._names

    def state(self, name: str) -> ServiceState:
        self._known(name)
        return self.states()[name]

    def states(self) -> dict[str, ServiceState]:
        """MachineError where a daemon is there and what it says makes no sense."""
        try:
            told = self._report()
            found = msgspec.convert(told, type=_Told).services
            known = [msgspec.convert({"unit": "", **each}, type=ServiceState) for each in found]
        except msgspec.DecodeError as error:  # ValidationError is one
            raise MachineError("daemon-failed", f"the agent's report: {error}") from error
        seen = {state.name: state for state in known}
        return {name: seen.get(name) or _stopped(name) for name in self._names}

    def _report(self) -> object:
        """The daemon's newest word; an empty one where none runs."""
        try:
            if self._acted:  # The report is written a moment after.
                return asking.get(self._layout, "/status", network=self._host.network)
            if self._begun and lock.held(self._layout.daemon_lock):
                return msgspec.json.decode(files.read_bytes(self._layout.status))
        except FileNotFoundError:
            return {}
        except FileFailure as failure:
            raise MachineError("file-unreadable", str(failure)) from failure
        except MachineError as error:
            if error.code != "daemon-unreachable":
                raise
        return {}

    def pids(self, name: str) -> list[int]:
        pid = self.state(name).pid
        return [pid, *children.descendants(pid)] if pid else []

    def start(self, name: str) -> None:
        self._act("start", name)

    def stop(self, name: str) -> None:
        self._act("stop", name)

    def restart(self, name: str) -> None:
        self._act("restart", name)

    def reload(self, name: str) -> None:
        self._act("reload", name)

    def _act(self, verb: str, name: str) -> None:
        self._known(name)
        self._acted = True
        asking.post(
            self._layout,
            f"/services/{name}/{verb}",
            network=self._host.network,
            timeout=self._manifest.services[name].stop_timeout + _PATIENCE,
        )

    def _known(self, name: str) -> None:
        if name not in self._names:
            raise UsageError(
                "service-unknown", unknown_service(name, self._names), hint="caretaker status"
            )


def _stopped(name: str) -> ServiceState:
    return ServiceState(name, "", running=False, state="stopped", summary="no agent runs it")
