"""An HTTPS server on loopback that stands for a wait condition's handle, and the way to it."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.network import Network, Wire
from tests.unit.test_probe_tls import pair

SERVER = "cloudformation-waitcondition-us-east-1.s3.amazonaws.com"
SIGNATURE = "c2lnbmF0" + "dXJlJTNE"
TARGET = f"/arn%3Aaws%3Acloudformation%3Astack%2Fshop?Expires=1795&Signature={SIGNATURE}"
URL = f"https://{SERVER}{TARGET}"


@dataclass
class Handle:
    """What is heard, one request each, and the answers it gives in turn."""

    certificate: str
    port: int
    heard: list[bytes] = field(default_factory=list)


class TrustingWire(Wire):
    """Trusts the test's own authority where the product trusts the system's."""

    ca = ""

    def start_tls(
        self, server_name: str, *, ca: str = "", verify: bool = True, alpn: tuple[str, ...] = ()
    ) -> None:
        assert (ca, verify) == ("", True)
        super().start_tls(server_name, ca=self.ca)


@dataclass
class Redirected(Network):
    """Brings every connection to one port of loopback."""

    handle: Handle
    asked: list[tuple[str, int]] = field(default_factory=list)

    def connect(self, address: str, port: int, *, timeout: float) -> Wire:
        self.asked.append((address, port))
        stream = socket.create_connection(("127.0.0.1", self.handle.port), timeout=timeout)
        wire = TrustingWire(stream, time.monotonic() + timeout)
        wire.ca = self.handle.certificate
        return wire


@contextmanager
def handle_server(
    folder: Path, answers: Sequence[bytes], *, name: str = SERVER
) -> Iterator[Handle]:
    """Answers as many requests; an empty answer hangs up."""
    certificate, key = pair(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        handle = Handle(certificate, server.getsockname()[1])

        def serve() -> None:
            for answer in answers:
                _one(server, context, handle, answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield handle
        finally:
            thread.join()


def _one(server: socket.socket, context: ssl.SSLContext, handle: Handle, answer: bytes) -> None:
    try:
        with context.wrap_socket(server.accept()[0], server_side=True) as stream:
            stream.settimeout(5)
            handle.heard.append(_request(stream))
            stream.sendall(answer)
    except OSError:
        return  # the client went away, or did not trust us: what it says is judged


def _request(stream: ssl.SSLSocket) -> bytes:
    request = b""
    while not request.endswith(b"}") and (chunk := stream.recv(4096)):
        request += chunk
    return request
