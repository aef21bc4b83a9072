"""A machine that says what the test told it to: programs, clock, network, units, facts, kernel.

Files are real, below the temporary root. What was not scripted is refused aloud with an error
that product code cannot swallow; a missing script must not look like a machine at fault.
Refuses to imitate behaviour: an answer is data, or a function of the test's own.

    host = scripted_host(root)
    host.programs["sqlite3", "--version"] = "3.40.1"
    host.clock.advance(30)
    host.systemd.units["web.service"] = unit("web.service", active="failed")
    assert host.asked == [("sqlite3", "--version")]
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TypeVar

from agent.host.apart import Outcome
from agent.host.clock import Clock
from agent.host.facts import Facts, FileSystem, Memory, Process
from agent.host.kernel import Kernel
from agent.host.machine import Host
from agent.host.network import Network, Wire
from agent.host.spawn import Completed
from agent.host.systemd import TIMEOUT, Systemd, UnitState
from agent.host.time_sync import TimeSync

GIB = 1 << 30
NOW = 1795248000.0  # 2026-11-21T08:00:00Z

Answer = Completed | str | int | Callable[[tuple[str, ...]], Completed]
"""How a program ends: in full, by what it prints (status 0), by its status, or by a function."""

Replies = Sequence[bytes | OSError]
"""What a peer sends, one chunk a read; after the last the stream is at its end."""


Key = TypeVar("Key")
Value = TypeVar("Value")


class Unscripted(BaseException):
    """The tested code asked the machine for something the test did not foresee."""


class ScriptedClock(Clock):
    """Stands still until the test moves it; ``sleep`` moves it too."""

    def __init__(self, wall: float = NOW, monotonic: float = 1000.0) -> None:
        self.now, self.ticks, self.boot = wall, monotonic, "b0000000-0000-4000-8000-000000000001"
        self.slept: list[float] = []
        self.place: tzinfo = UTC

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.ticks

    def processor(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def boot_id(self) -> str:
        return self.boot

    def zone(self, *, environment: bool) -> tzinfo:
        return self.place

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        self.ticks += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock; no time passes."""
        self.now += seconds


class ScriptedWire(Wire):
    """A connection whose peer says ``replies``; ``sent`` is what it was told."""

    def __init__(self, replies: Replies) -> None:
        self.replies, self.sent = list(replies), bytearray()
        self.tls_name, self.certificate, self.closed = "", b"", False

    def send(self, content: bytes) -> None:
        self.sent += content

    def receive(self, at_most: int = 65536) -> bytes:
        if not self.replies:
            return b""
        reply = self.replies.pop(0)
        if isinstance(reply, OSError):
            raise reply
        if len(reply) > at_most:
            self.replies.insert(0, reply[at_most:])
        return reply[:at_most]

    def start_tls(
        self, server_name: str, *, ca: str = "", verify: bool = True, alpn: tuple[str, ...] = ()
    ) -> None:
        self.tls_name = server_name

    def peer_certificate(self) -> bytes:
        return self.certificate if self.tls_name else b""

    def close(self) -> None:
        self.closed = True


class ScriptedNetwork(Network):
    """``peers`` by "address:port" or path of a Unix socket; ``names`` for the resolver."""

    def __init__(self) -> None:
        self.peers: dict[str, Replies | OSError] = {}
        self.names: dict[str, list[str] | OSError] = {"localhost": ["127.0.0.1", "::1"]}
        self.name, self.addresses = "appliance", ["10.0.0.7"]
        self.wires: list[ScriptedWire] = []

    def connect(self, address: str, port: int, *, timeout: float) -> ScriptedWire:
        return self._reach(f"{address}:{port}")

    def connect_unix(self, path: Path, *, timeout: float) -> ScriptedWire:
        return self._reach(str(path))

    def _reach(self, place: str) -> ScriptedWire:
        found = scripted(self.peers, place, "connection to")
        if isinstance(found, OSError):
            raise found
        self.wires.append(ScriptedWire(found))
        return self.wires[-1]

    def resolve(self, name: str) -> list[str]:
        found = scripted(self.names, name, "name")
        if isinstance(found, OSError):
            raise found
        return found

    def host_name(self) -> str:
        return self.name

    def own_addresses(self) -> list[str]:
        return self.addresses


class ScriptedSystemd(Systemd):
    """``units`` by name; one that is not there is ``not-found``, as systemd would say.

    ``control`` notes the call and answers from ``answers`` by verb; it changes no unit.
    """

    def __init__(self, *, booted: bool = True) -> None:
        self.is_booted, self.watchdog = booted, 0.0
        self.units: dict[str, UnitState] = {}
        self.answers: dict[str, Answer] = {}
        self.controlled: list[tuple[str, ...]] = []
        self.notified: list[str] = []

    def booted(self) -> bool:
        return self.is_booted

    def show_all(self, units: Sequence[str], *, timeout: float = 5.0) -> list[UnitState]:
        return [self.units.get(name) or unit(name, load="not-found") for name in units]

    def control(self, verb: str, *units: str, timeout: float = TIMEOUT) -> Completed:
        self.controlled.append((verb, *units))
        return completed(("systemctl", verb, *units), self.answers.get(verb, 0))

    def notify(self, *states: str) -> None:
        self.notified += states

    def notify_reloading(self) -> None:
        self.notify("RELOADING=1")

    def watchdog_interval(self) -> float:
        return self.watchdog


class ScriptedFacts(Facts):
    """A roomy machine with two cores and the processes of ``table``."""

    def __init__(self) -> None:
        self.disk: FileSystem | OSError = FileSystem(
            40 * GIB, 20 * GIB, 1 << 20, 1 << 19, read_only=False
        )
        self.ram, self.averages, self.cores = Memory(4 * GIB, 3 * GIB), (0.1, 0.1, 0.1), 2
        self.table: dict[int, Process] = {}
        self.families: dict[int, list[int]] = {}

    def file_system(self, path: Path) -> FileSystem:
        if isinstance(self.disk, OSError):
            raise self.disk
        return self.disk

    def memory(self) -> Memory:
        return self.ram

    def load(self) -> tuple[float, float, float]:
        return self.averages

    def cpus(self) -> int:
        return self.cores

    def process(self, pid: int) -> Process | None:
        return self.table.get(pid)

    def pids(self) -> list[int]:
        return list(self.table)

    def children(self, pid: int) -> list[int]:
        return self.families.get(pid, [])

    def machine_id(self) -> bytes:
        return bytes(range(16))

    def system_began(self) -> float:
        return 0.0


class ScriptedKernel(Kernel):
    """``files`` by absolute path, an ``OSError`` for one that cannot be read.

    Folders are what the paths of ``files`` and ``links`` make of them.
    """

    def __init__(self) -> None:
        self.files: dict[str, str | OSError] = {}
        self.links: dict[str, str] = {}
        self.sync: TimeSync | OSError = TimeSync(synchronised=True, offset=0.0, most=0.02)

    def lines(self, path: str) -> Iterator[str]:
        found = self.files.get(path, FileNotFoundError(2, "No such file or directory", path))
        if isinstance(found, OSError):
            raise found
        yield from found.splitlines(keepends=True)

    def names(self, path: str) -> list[str]:
        above = f"{path.rstrip('/')}/"
        below = [each for each in (*self.files, *self.links) if each.startswith(above)]
        if not below:
            raise FileNotFoundError(2, "No such file or directory", path)
        return sorted({each[len(above) :].split("/")[0] for each in below})

    def link(self, path: str) -> str:
        if path not in self.links:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.links[path]

    def time_sync(self) -> TimeSync:
        if isinstance(self.sync, OSError):
            raise self.sync
        return self.sync


@dataclass(frozen=True)
class ScriptedHost(Host):
    """Every door of the host, scripted. ``asked`` holds the programs that were run, in order.

    ``programs`` is looked up by the whole argv, then by ever shorter beginnings of it.
    """

    clock: ScriptedClock = field(default_factory=ScriptedClock)
    network: ScriptedNetwork = field(default_factory=ScriptedNetwork)
    systemd: ScriptedSystemd = field(default_factory=ScriptedSystemd)
    facts: ScriptedFacts = field(default_factory=ScriptedFacts)
    kernel: ScriptedKernel = field(default_factory=ScriptedKernel)
    programs: dict[tuple[str, ...] | str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    inputs: list[bytes | None] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str = "",
    ) -> Completed:
        words = tuple(argv)
        self.asked.append(words)
        self.users.append(user)
        self.inputs.append(stdin)
        for length in range(len(words), 0, -1):
            if words[:length] in self.programs:
                return completed(words, self.programs[words[:length]])
        return completed(words, scripted(self.programs, words[0], "program"))

    def apart(
        self,
        work: Callable[[], bytes],
        *,
        timeout: float,
        gentle: bool = True,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Here and now, without a process: what the work raises is the test's to see."""
        begun = self.clock.ticks
        meanwhile()
        return Outcome(work(), 0, self.clock.ticks - begun)


def scripted_host(root: Path, *, booted: bool = True) -> ScriptedHost:
    """A healthy machine below ``root``; ``booted`` says whether systemd is its PID 1."""
    return ScriptedHost(root=root, systemd=ScriptedSystemd(booted=booted))


def completed(argv: tuple[str, ...], answer: Answer) -> Completed:
    if isinstance(answer, Completed):
        return answer
    if isinstance(answer, str):
        return Completed(argv, 0, answer, "", 0.01)
    if isinstance(answer, int):
        return Completed(argv, answer, "", "", 0.01)
    return answer(argv)


def timed_out(argv: Sequence[str], seconds: float) -> Completed:
    return Completed(tuple(argv), -9, "", "", seconds, timed_out=True)


def unit(
    name: str,
    *,
    load: str = "loaded",
    active: str = "active",
    sub: str = "running",
    enabled: str = "enabled",
    main_pid: int = 0,
    restarts: int = 0,
    result: str = "success",
    since: float = 0.0,
    invocation: str = "",
    told_to_stop: bool = False,
) -> UnitState:
    if load == "not-found":
        active, sub, enabled, result = "inactive", "dead", "", "success"
    return UnitState(
        name, load, active, sub, enabled, main_pid, restarts, result, since,
        invocation=invocation, told_to_stop=told_to_stop,
    )  # fmt: skip


def scripted(answers: Mapping[Key, Value], key: Key, what: str) -> Value:
    try:
        return answers[key]
    except KeyError:
        raise Unscripted(f"no {what} {key!r} was scripted; there are {list(answers)}") from None
