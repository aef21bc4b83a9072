"""The local API's sockets: opened at once, served from the first question on.

Owns the thread that waits, and the lazy import: until someone asks, Flask and waitress (some
25 MB) stay on disk. Refuses every address but a Unix socket and loopback.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import Any

from agent.api.access import Access
from agent.api.facade import AgentFacade
from agent.host import files
from agent.host.clock import Clock
from agent.host.local_sockets import Doorbell, Socket, listen_loopback, listen_unix, peer_uid
from agent.layout import Layout

THREADS = 4
LOOP_TURNS_WITHIN = 1.0  # seconds


@dataclass
class Counter:
    """One listener and the thread that serves it, once somebody has come."""

    doorbell: Doorbell
    access: Access
    thread: threading.Thread | None = None
    server: Any = None

    def open(self, facade: AgentFacade, clock: Clock) -> None:
        self.thread = threading.Thread(
            target=self._wait_and_serve, args=(facade, clock), name="api", daemon=True
        )
        self.thread.start()

    def alive(self) -> bool:
        """Whether it waits for the first caller, or its loop turns: tried, not believed.

        Not by a request: eight slow callers may take all threads, and the loop that takes new
        ones and cuts off silent ones is none of them.
        """
        if self.thread is None or not self.thread.is_alive():
            return False
        if self.server is None:
            return True
        turned = threading.Event()
        self.server.trigger.pull_trigger(turned.set)
        return turned.wait(LOOP_TURNS_WITHIN)

    def close(self) -> None:
        self.doorbell.stop()
        if self.server is not None:
            self.server.close()

    def _wait_and_serve(self, facade: AgentFacade, clock: Clock) -> None:
        if self.doorbell.wait():
            self.server = build_server(facade, self.access, clock, self.doorbell.listener)
            self.server.run()


@dataclass(frozen=True)
class ApiServer:
    """The running API."""

    counters: tuple[Counter, ...]

    def start(self, facade: AgentFacade, clock: Clock) -> None:
        """Wait for the first question, in a thread a listener."""
        for counter in self.counters:
            counter.open(facade, clock)

    def alive(self) -> bool:
        """For the watchdog; takes at most a second a listener."""
        return all(counter.alive() for counter in self.counters)

    def stop(self) -> None:
        """Close the listeners; running answers end with the process."""
        for counter in self.counters:
            counter.close()


def open_server(layout: Layout, own_uid: int, api_port: int) -> ApiServer:
    """Open the listeners and write the token. Raises FileFailure and OSError."""
    token = os.urandom(32).hex() if api_port else ""
    access = Access(own_uid, token)
    listeners = [listen_unix(layout.api_socket, mode=0o660)]
    if api_port:
        files.replace(layout.run / "api.token", f"{token}\n".encode(), mode=0o600)
        listeners.append(listen_loopback(api_port))
    return ApiServer(tuple(Counter(Doorbell(each), access) for each in listeners))


def build_server(facade: AgentFacade, access: Access, clock: Clock, listener: Socket) -> Any:
    """waitress over our listener, with a Unix peer's uid in the environment.

    One server a listener: waitress takes Unix and Internet sockets, but not in one server.
    """
    import logging

    from waitress.channel import HTTPChannel
    from waitress.server import create_server
    from waitress.task import WSGITask

    from agent.api.app import create_app

    class PeerTask(WSGITask):  # type: ignore[misc]  # waitress publishes no types
        def get_environment(self) -> dict[str, Any]:
            environment: dict[str, Any] = super().get_environment()
            environment["caretaker.peer_uid"] = peer_uid(self.channel.socket)
            return environment

    class PeerChannel(HTTPChannel):  # type: ignore[misc]  # waitress publishes no types
        task_class = PeerTask

    # It warns of the very first request, which comes before its threads are up.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = create_server(
        create_app(facade, access, clock),
        sockets=[listener],
        threads=THREADS,
        ident="caretaker",
        # Silent clients are cut off after ten seconds (research: waitress locks up otherwise).
        channel_timeout=10,
        cleanup_interval=2,
        connection_limit=200,
        asyncore_use_poll=True,
        max_request_header_size=8192,
        max_request_body_size=64 << 10,
    )
    server.channel_class = PeerChannel
    return server
