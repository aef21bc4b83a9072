"""What the supervisor does to the machine for one service.

Owns turning the manifest's service into a running child, and the record of its pid that the next
daemon reads. Refuses to decide when.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from agent.errors import MachineError
from agent.host import children, files, rotation
from agent.host.children import Child, Identity
from agent.host.failures import HostFailure
from agent.layout import Layout
from agent.manifest.model import Service
from agent.manifest.placeholders import Values
from agent.services import evidence, program


class ServiceHands:
    """The hands for one service.

    `before` is the main process of an earlier daemon. `remember` is told of each new child, and
    None before its pid is given back.
    """

    def __init__(
        self,
        name: str,
        service: Service,
        layout: Layout,
        values: Values,
        before: Identity | None,
        remember: Callable[[str, Identity | None], None],
    ) -> None:
        self._name = name
        self._service = service
        self._layout = layout
        self._values = values
        self._before = before
        self._remember = remember
        self._secrets: list[str] = []

    @property
    def log(self) -> Path:
        return self._layout.logs / f"{self._name}.log"

    def start(self) -> Child:
        """Raises ManifestError, and MachineError with the reason."""
        argv = program.command(self._name, self._service, self._values)
        environment = self.environment()
        try:
            files.ensure_folder(self._layout.logs, mode=0o750)
            files.ensure_folder(self._layout.app_run)
            child = children.start(
                children.Program(
                    argv=argv,
                    environment=environment,
                    folder=self._layout.data,
                    log=self.log,
                    mark=self.mark,
                    user=self._service.user,
                )
            )
        except HostFailure as failure:
            raise MachineError("service-failed", f"{self._name}: {failure}") from failure
        self._remember(self._name, child.identity)
        return child

    def environment(self) -> dict[str, str]:
        """What the program finds in its environment, secrets and all. Raises CaretakerError."""
        secret = program.secret_environment(self._service, self._values)
        self._secrets = list(secret.values())
        plain = program.plain_environment(self._service, self._values)
        return {"HOME": str(self._layout.data), **plain, **secret}

    @property
    def mark(self) -> str:
        """Tells this service of this root from every other, also from the same in another root."""
        return f"{self._layout.root.resolve()}:{self._name}"

    def family(self, child: Child | None) -> list[Identity]:
        found = children.family(self.mark, child.identity if child else None)
        # An earlier daemon's main process may have wiped its environment, and the mark with it.
        if child is None and self._before is not None and children.is_running(self._before):
            return [self._before, *(one for one in found if one != self._before)]
        return found

    def below(self, child: Child | None) -> list[Identity]:
        return children.below(child.identity) if child is not None else []

    def signal(self, members: list[Identity], number: signal.Signals) -> None:
        for each in members:
            children.send(each, number)
            if number is signal.SIGTERM:
                children.send(each, signal.SIGCONT)  # One that is stopped would never hear it.

    def reap(self, child: Child) -> None:
        self._remember(self._name, None)
        child.reap()

    def last_words(self) -> str:
        return (self._last_lines(1) or [""])[0]

    def evidence(self) -> str:
        """The last lines of its log."""
        return evidence.in_full(self._last_lines(evidence.LINES))

    def _last_lines(self, count: int) -> list[str]:
        text = rotation.end_of(self.log, evidence.TAIL).decode(errors="replace")
        return evidence.last_lines(text, self._secrets, count=count)
