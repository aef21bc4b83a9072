"""What the tests of checks share: a context on the scripted host, services, replayed servers."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.errors import MachineError
from agent.findings import Finding
from agent.health.checks import CHECKS
from agent.health.context import Context
from agent.host.facts import Process
from agent.host.network import Network, Wire
from agent.layout import Layout
from agent.manifest.checks import Check
from agent.manifest.placeholders import Values
from agent.services.protocol import ServiceState
from tests.scripted_host import ScriptedHost, scripted_host

GOLDEN = Path(__file__).parent.parent / "golden"
SECRET = "correct horse battery"


@dataclass
class ScriptedServices:
    """Services as the test says they stand; ``asked`` counts the questions."""

    standing: dict[str, ServiceState] = field(default_factory=dict)
    processes: dict[str, list[int]] = field(default_factory=dict)
    asked: int = 0

    def names(self) -> tuple[str, ...]:
        return tuple(self.standing)

    def state(self, name: str) -> ServiceState:
        self.asked += 1
        if name not in self.standing:
            raise MachineError("command-failed", "systemd gives no answer")
        return self.standing[name]

    def states(self) -> dict[str, ServiceState]:
        return self.standing

    def pids(self, name: str) -> list[int]:
        self.asked += 1
        return self.processes[name]

    def start(self, name: str) -> None:
        raise AssertionError("a check never acts")

    stop = restart = reload = start


@dataclass
class World:
    """One check's context with what the test moves about."""

    host: ScriptedHost
    services: ScriptedServices
    context: Context

    def look(self, check: Check) -> Finding:
        """The bare function of the check, without the thread and the cleaning of `look_once`."""
        found = next(each for each in CHECKS if each.params is type(check))
        finding = found.look(check, self.context)
        assert finding.code in ("ok", *found.codes), finding
        return finding


def world(root: Path, *, booted: bool = True) -> World:
    host, services = scripted_host(root, booted=booted), ScriptedServices()
    return World(host, services, context(host, services, root))


def context(host: Any, services: Any, root: Path) -> Context:
    layout = Layout(root, "shop")
    values = Values(
        paths=layout.placeholders(),
        named={
            "secret": lambda name: SECRET,
            "setting": lambda name: "blue",
            "certificate": lambda name: str(layout.certificate(name)),
        },
    )
    return Context(host, layout, values, services, "x")


def process(pid: int, *, state: str = "S", started: int = 100, **facts: Any) -> Process:
    return Process(
        pid=pid,
        executable=facts.get("executable", "/usr/bin/shop"),
        state=state,
        resident=facts.get("resident", 1 << 20),
        started=started,
    )


class ReplayedWire(Wire):
    """Plays the server's part of a recorded conversation, one turn after each of the client's.

    ``said`` is what the client really sent, turn by turn.
    """

    def __init__(self, turns: list[dict[str, str]]) -> None:
        self.turns = [(turn["from"], bytes.fromhex(turn["hex"])) for turn in turns]
        self.said: list[bytes] = []
        self.ready = b""

    def send(self, content: bytes) -> None:
        self.said.append(content)
        if self.turns and self.turns[0][0] == "client":
            self.turns.pop(0)
        while self.turns and self.turns[0][0] == "server":
            self.ready += self.turns.pop(0)[1]

    def receive(self, at_most: int = 65536) -> bytes:
        # A few bytes at a time, as a network may deliver them.
        chunk, self.ready = self.ready[: min(at_most, 7)], self.ready[min(at_most, 7) :]
        return chunk

    def close(self) -> None:
        self.ready = b""


class OneWire(Network):
    """Every connection is the wire handed in."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def connect(self, address: str, port: int, *, timeout: float) -> Wire:
        return self.wire

    def connect_unix(self, path: Path, *, timeout: float) -> Wire:
        return self.wire


def on_wire(stage: World, wire: Wire) -> Context:
    """The stage's context, with every connection leading to this one."""
    network: Any = OneWire(wire)
    return replace(stage.context, host=replace(stage.host, network=network))


def golden(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text())
    return content
