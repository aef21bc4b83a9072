"""An authority that errs at any one of its answers: the order ends, says why, and the next is free.

A proxy stands before Pebble, hands everything on, and spoils the answer whose number is asked for.
"""

import http.client
import http.server
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.tls import acme, line
from agent.tls.order import Outcome
from tests.unit.acme_stage import hook, names_of, order
from tests.unit.pebble_server import NEEDED, Pebble, pebble

pytestmark = [pytest.mark.real, NEEDED]

FAULTS = {
    "error": (500, b'{"type": "urn:ietf:params:acme:error:serverInternal", "detail": "oops"}'),
    "refusal": (403, b'{"type": "urn:ietf:params:acme:error:unauthorized", "detail": "no"}'),
    "nonce": (400, b'{"type": "urn:ietf:params:acme:error:badNonce", "detail": "again"}'),
    "portal": (200, b"<html>please log in</html>"),
    "list": (200, b"[1, 2, 3]"),
    "shape": (200, b'{"status": 7, "authorizations": {"a": null}, "challenges": 3}'),
    "lies": (200, b'{"status": "valid", "certificate": "https://127.0.0.1:1/x"}'),
    "deep": (200, b"[" * 100_000),
    "closed": (0, b""),
}


class Spoiler:
    """What the proxy does: `at` is the number of the answer to spoil, 0 for none."""

    def __init__(self) -> None:
        self.at, self.seen, self.fault = 0, 0, (0, b"")

    def plan(self, at: int, fault: tuple[int, bytes]) -> None:
        self.at, self.seen, self.fault = at, 0, fault


class Hand(http.server.BaseHTTPRequestHandler):
    """Hands on what it is asked, and spoils what it is told to."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: 40 ms less an answer
    spoiler: Spoiler
    behind: Pebble

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self.spoiler.seen += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.spoiler.seen == self.spoiler.at:
            self._spoil(*self.spoiler.fault)
            return
        trusting = ssl.create_default_context(cafile=str(self.behind.ca))
        way = http.client.HTTPSConnection("127.0.0.1", self.behind.port, context=trusting)
        way.request(self.command, self.path, body=body, headers=dict(self.headers))
        answer = way.getresponse()
        self._tell(answer.status, answer.read(), dict(answer.getheaders()))
        way.close()

    do_HEAD = do_POST = do_GET

    def _spoil(self, status: int, content: bytes) -> None:
        if not status:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        kind = "application/problem+json" if status >= 400 else "application/json"
        self._tell(status, content, {"Content-Type": kind, "Replay-Nonce": "c3BvaWx0"})

    def _tell(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def proxy(server: Pebble, spoiler: Spoiler) -> Iterator[str]:
    """The URL of the directory by way of the proxy."""
    hand = type("OneHand", (Hand,), {"spoiler": spoiler, "behind": server})
    door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), hand)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.folder / "server.pem", server.folder / "server.key")
    door.socket = context.wrap_socket(door.socket, server_side=True)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{door.server_address[1]}/dir"
    finally:
        door.shutdown()
        door.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    with pebble(tmp_path_factory.mktemp("pebble")) as one:
        yield one


# Every second answer for every second fault: all of them take two minutes.
@pytest.mark.parametrize(("name", "first"), [(name, n % 2 + 1) for n, name in enumerate(FAULTS)])
def test_any_one_answer_may_be_spoilt(
    server: Pebble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, first: int
) -> None:
    monkeypatch.setattr(line, "_MOMENT", 0.01)
    monkeypatch.setattr(acme, "_POLL", 0.02)
    spoiler = Spoiler()
    with proxy(server, spoiler) as url:
        usual: dict[str, Any] = {"directory": url, "seconds": 4.0}
        whole = acme.place(order(server, tmp_path / "acme", **usual))
        assert whole.trouble == ""
        length, ended = spoiler.seen, set()
        assert length > 8
        for at in range(first, length + 1, 2):
            spoiler.plan(at, FAULTS[name])
            # Each with another account: a closed one is given up, a new one registered.
            got = acme.place(order(server, tmp_path / f"acme-{at}", **usual))
            ended.add(got.trouble)
            assert_sound(got)
        spoiler.plan(0, (0, b""))
        assert acme.place(order(server, tmp_path / "acme", **usual)).trouble == ""
    # Some are cured by asking again; no more than one order in the sweep may be spoilt unseen.
    assert ended - {""} or name in ("nonce", "error", "closed")


def assert_sound(got: Outcome) -> None:
    """A whole chain, or a reason that may be shown."""
    assert bool(got.trouble) != bool(got.chain)
    assert bool(got.trouble) == bool(got.problem)
    assert got.problem.isprintable()
    assert len(got.problem) <= 400
    if got.chain:
        assert names_of(got.chain) == ["notes.example.org"]
    assert json.loads(msgspec.json.encode(got))


STRANGE = {
    "status": "pending",
    "identifier": {"type": "dns", "value": "x; reboot"},
    "challenges": [
        {"type": "dns-01", "url": "https://127.0.0.1:1/c", "status": "pending",
         "token": "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"}
    ],
}  # fmt: skip


def test_a_name_that_nobody_ordered_reaches_no_program(server: Pebble, tmp_path: Path) -> None:
    program, log = hook(server, tmp_path)
    spoiler, content = Spoiler(), json.dumps(STRANGE).encode()
    with proxy(server, spoiler) as url:
        told = []
        for at in (4, 5, 6):  # the authorisation is one of these
            spoiler.plan(at, (200, content))
            wanted = order(
                server, tmp_path / f"acme-{at}", directory=url, challenge="dns-01",
                hook=[str(program)], seconds=4.0,
            )  # fmt: skip
            told.append(acme.place(wanted).problem)
    assert any("x; reboot, which was not ordered" in each for each in told)
    assert not log.exists() or "reboot" not in log.read_text()
