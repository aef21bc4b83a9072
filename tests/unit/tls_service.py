"""A service with a TLS port, as the test says it behaves: scripted, or a real one on loopback.

Owns what a reload does: it loads `current`, as servers do, unless it was told not to. Each has
`reloads`, `restarts` and `shown`.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import MachineError
from agent.services.protocol import ServiceState, State
from tests.scripted_host import ScriptedNetwork, ScriptedWire

PORT = 8443


@dataclass
class TlsService:
    """The only service, `web`. `deaf`: a reload does not move it; `broken`: it fails to reload."""

    current: Path
    state_now: State = "active"
    deaf: bool = False
    broken: bool = False
    reloads: int = 0
    restarts: int = 0
    shown: bytes = b""

    def names(self) -> tuple[str, ...]:
        return ("web",)

    def state(self, name: str) -> ServiceState:
        running = self.state_now == "active"
        return ServiceState(name, "shop-web.service", running=running, state=self.state_now)

    def states(self) -> dict[str, ServiceState]:
        return {"web": self.state("web")}

    def pids(self, name: str) -> list[int]:
        return []

    def start(self, name: str) -> None:
        raise AssertionError("nobody asked for a start")

    stop = start

    def restart(self, name: str) -> None:
        self.restarts += 1
        self.load()

    def reload(self, name: str) -> None:
        self.reloads += 1
        if self.broken:
            self.broken = False
            raise MachineError("service-failed", "web did not reload", hint="caretaker logs web")
        if not self.deaf:
            self.load()

    def load(self) -> None:
        pem = (self.current / "cert.pem").read_text()
        self.shown = ssl.PEM_cert_to_DER_cert(pem) if pem else b""


@dataclass
class ShowingNetwork(ScriptedNetwork):
    """Whose port 8443 shows what the service has loaded."""

    service: TlsService
    connected: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def connect(self, address: str, port: int, *, timeout: float) -> ScriptedWire:
        self.connected.append((address, port))
        if port != PORT or not self.service.shown:
            raise ConnectionRefusedError(111, "Connection refused")
        wire = ScriptedWire([])
        wire.certificate = self.service.shown
        return wire


class RealService(TlsService):
    """The same with a real port on loopback; `port` is its number."""

    port: int = 0
    context: ssl.SSLContext | None = None

    def load(self) -> None:
        super().load()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.current / "chain.pem", self.current / "key.pem")
        self.context = context

    @contextmanager
    def listening(self) -> Iterator[None]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            listener.settimeout(0.05)
            over = threading.Event()
            thread = threading.Thread(target=self._serve, args=(listener, over))
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join()

    def _serve(self, listener: socket.socket, over: threading.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                peer, _ = listener.accept()
                peer.settimeout(2)
                if self.context is None:
                    peer.close()
                    continue
                with self.context.wrap_socket(peer, server_side=True) as session:
                    session.recv(1)
