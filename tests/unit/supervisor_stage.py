"""Where the supervisor's tests play: a root, its supervisors, and questions about processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.host import children
from agent.host.machine import Host
from agent.services.embedded import Supervisor
from agent.services.protocol import ServiceState
from tests.unit.services_fixtures import layout_at, manifest_of, values_of

WAIT = 10.0


def wait_for(question: Callable[[], object], *, timeout: float = WAIT) -> None:
    deadline = time.monotonic() + timeout
    while not question():
        assert time.monotonic() < deadline, f"waited {timeout} s"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def sh(script: str, **keys: str) -> str:
    """The keys of a service that runs a shell script."""
    lines = [f"command = {json.dumps(['/bin/sh', '-c', script])}"]
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in keys.items())])


@dataclass
class Stage:
    """A root on which supervisors run; all of it ends with the test."""

    root: Path
    opened: list[Supervisor]
    noted: list[ServiceState]

    @property
    def data(self) -> Path:
        return layout_at(self.root).data

    def supervise(self, text: str) -> Supervisor:
        layout = layout_at(self.root)
        layout.data.mkdir(parents=True, exist_ok=True)
        supervisor = Supervisor(
            manifest_of(text), layout, Host(self.root), values_of(layout), self.noted.append
        )
        self.opened.append(supervisor)
        supervisor.open()
        return supervisor

    def up(self, text: str) -> Supervisor:
        supervisor = self.supervise(text)
        wait_for(lambda: all(state.running for state in supervisor.states().values()))
        return supervisor

    def said(self, name: str) -> str:
        path = layout_at(self.root).logs / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def family(self, name: str) -> list[int]:
        return [each.pid for each in children.family(f"{self.root.resolve()}:{name}", None)]
