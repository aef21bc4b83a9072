"""The checks against real servers on loopback: HTTP, TLS, gRPC, silence, bytes that trickle."""

import contextlib
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

from agent.health.context import Context
from agent.health.look import look_once
from agent.host.machine import Host
from agent.manifest.checks import (
    CertificateCheck,
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    PortCheck,
    TcpCheck,
)
from agent.manifest.kinds import Duration
from agent.tls.authority import make_authority, make_leaf
from tests.unit.checks_world import ScriptedServices, context

pytestmark = pytest.mark.real
SECOND = Duration(1)


@pytest.fixture
def here(root: Path) -> Context:
    """This machine, and services of the test's own."""
    return context(Host(), ScriptedServices(), root)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()
        self.wfile.write(b"all is well")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        pass


@contextlib.contextmanager
def serving(server: http.server.HTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem, key.pem, ca.pem, and old.pem that has expired with its key."""
    folder, now = tmp_path_factory.mktemp("pair"), time.time()
    authority = make_authority("test", now=now)
    leaf = make_leaf(authority, ["localhost", "127.0.0.1"], now=now, days=100)
    old = make_leaf(authority, ["localhost"], now=now - 40 * 86400, days=30)
    (folder / "cert.pem").write_bytes(leaf.certificate)
    (folder / "key.pem").write_bytes(leaf.key)
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "old.pem").write_bytes(old.certificate + old.key)
    (folder / "empty.pem").touch()
    return folder


def tls_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificate, key)
    found.set_alpn_protocols(["h2", "http/1.1"])
    return found


def https(certificate: Path, key: Path | None = None) -> http.server.HTTPServer:
    server = http.server.HTTPServer(("127.0.0.1", 0), Page)
    server.socket = tls_context(certificate, key).wrap_socket(server.socket, server_side=True)
    return server


def code(check: Check, here: Context) -> str:
    return look_once(check, here).code


def test_http(here: Context) -> None:
    with serving(http.server.HTTPServer(("127.0.0.1", 0), Page)) as port:
        base = f"http://127.0.0.1:{port}"
        assert code(HttpCheck(url=f"{base}/ready", contains="well"), here) == "ok"
        assert code(HttpCheck(url=f"{base}/ready", contains="ill"), here) == "http-text"
        assert code(HttpCheck(url=f"{base}/other"), here) == "http-status"
        assert code(HttpCheck(url=f"http://localhost:{port}/ready"), here) == "ok"
        assert code(HttpCheck(url=f"https://127.0.0.1:{port}/"), here) == "tls-failed"
        assert code(GrpcCheck(port=port), here) == "grpc-malformed"
    assert code(HttpCheck(url=f"{base}/ready"), here) == "refused"


def test_https_believes_only_whom_it_should(here: Context, pair: Path) -> None:
    ca = str(pair / "ca.pem")
    with serving(https(pair / "cert.pem", pair / "key.pem")) as port:
        good = f"https://127.0.0.1:{port}/ready"
        assert code(HttpCheck(url=good, ca=ca), here) == "ok"
        assert code(HttpCheck(url=good), here) == "tls-untrusted"
        assert code(HttpCheck(url=good, verify=False), here) == "ok"
        assert code(HttpCheck(url=good, ca=str(pair / "none.pem")), here) == "tls-ca"
        assert code(HttpCheck(url=good, ca=str(pair / "empty.pem")), here) == "tls-ca"
        finding = look_once(CertificateCheck(address="127.0.0.1", port=port), here)
        assert "is valid for 99 days more" in finding.summary
    with serving(https(pair / "old.pem")) as port:
        expired = f"https://localhost:{port}/ready"
        assert code(HttpCheck(url=expired, ca=ca), here) == "tls-expired"
        here.memory.clear()
        old = CertificateCheck(address="localhost", port=port)
        assert code(old, here) == "certificate-expired"
    with serving(https(pair / "cert.pem", pair / "key.pem")) as port:
        elsewhere = f"https://127.0.0.2:{port}/ready"
        server_on_all = HttpCheck(url=elsewhere, ca=ca)
        assert code(server_on_all, here) == "refused"


def test_a_certificate_for_another_address_is_refused(here: Context, pair: Path) -> None:
    server = http.server.HTTPServer(("127.0.0.3", 0), Page)
    server.socket = tls_context(pair / "cert.pem", pair / "key.pem").wrap_socket(
        server.socket, server_side=True
    )
    with serving(server) as port:
        check = HttpCheck(url=f"https://127.0.0.3:{port}/", ca=str(pair / "ca.pem"))
        assert code(check, here) == "tls-name"


def test_certificates_are_inspected_in_a_child(here: Context, pair: Path) -> None:
    finding = look_once(CertificateCheck(path=str(pair / "cert.pem")), here)
    assert "is valid for 99 days more" in finding.summary
    assert code(CertificateCheck(path=str(pair / "old.pem")), here) == "certificate-expired"
    assert code(CertificateCheck(path=str(pair / "key.pem")), here) == "certificate-invalid"


@contextlib.contextmanager
def accepting(answer: bytes = b"", *, wait: float = 0.0) -> Iterator[int]:
    """A listener that says something to each caller after a while, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    with caller:
                        time.sleep(wait)
                        caller.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_tcp(here: Context) -> None:
    with accepting(b"220 mail ready\r\n") as port:
        assert code(TcpCheck(port=port, expect="220 "), here) == "ok"
        assert code(TcpCheck(port=port, expect="221 "), here) == "tcp-answer"
        assert code(TcpCheck(address="localhost", port=port), here) == "ok"
        assert code(PortCheck(port=port, address="127.0.0.1"), here) == "ok"
        assert code(PortCheck(port=port, address="10.0.0.1"), here) == "port-elsewhere"
    assert code(TcpCheck(port=port), here) == "refused"
    assert code(PortCheck(port=port), here) == "port-closed"
    assert code(TcpCheck(address="no-such-host.invalid", port=port), here) == "unresolved"
    assert code(TcpCheck(address=".".join(["x" * 70] * 2), port=port), here) == "unresolved"


@pytest.mark.parametrize(
    "check",
    [
        TcpCheck(port=1, expect="x", timeout=Duration(0.3)),
        HttpCheck(url="http://127.0.0.1:PORT/", timeout=Duration(0.3)),
        HttpCheck(url="https://127.0.0.1:PORT/", timeout=Duration(0.3)),
        GrpcCheck(port=1, timeout=Duration(0.3)),
        GrpcCheck(port=1, tls=True, timeout=Duration(0.3)),
        CertificateCheck(address="127.0.0.1", port=1, timeout=Duration(0.3)),
    ],
    ids=lambda check: type(check).__name__,
)
def test_a_silent_server_costs_the_timeout_and_no_more(here: Context, check: Check) -> None:
    with accepting(wait=1.0) as port:
        options = (
            {"url": check.url.replace("PORT", str(port))}
            if isinstance(check, HttpCheck)
            else {"port": port}
        )
        kind = type(check)
        facts = {name: getattr(check, name) for name in check.__struct_fields__} | options
        begun = time.monotonic()
        finding = look_once(kind(**facts), here)
        took = time.monotonic() - begun
    assert finding.code == "timeout"
    assert 0.25 < took < 0.45


def test_bytes_that_trickle_do_not_stretch_the_deadline(here: Context) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            caller, _ = listener.accept()
            with caller, contextlib.suppress(OSError):
                for _ in range(100):
                    caller.sendall(b"H")
                    time.sleep(0.02)

        thread = threading.Thread(target=drip)
        thread.start()
        port, begun = listener.getsockname()[1], time.monotonic()
        finding = look_once(HttpCheck(url=f"http://127.0.0.1:{port}/", timeout=Duration(0.3)), here)
        assert finding.code == "timeout"
        assert time.monotonic() - begun < 0.45
        thread.join()


def grpc_server(listener: socket.socket, wrap: ssl.SSLContext | None) -> None:
    caller, _ = listener.accept()
    with caller:
        stream = wrap.wrap_socket(caller, server_side=True) if wrap else caller
        link = H2Connection(H2Configuration(client_side=False))
        link.initiate_connection()
        stream.sendall(link.data_to_send())
        while chunk := stream.recv(65536):
            for event in link.receive_data(chunk):
                if isinstance(event, StreamEnded):
                    head = [(":status", "200"), ("content-type", "application/grpc+proto")]
                    link.send_headers(event.stream_id, head)
                    link.send_data(event.stream_id, b"\0\0\0\0\x02\x08\x01")
                    link.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
            stream.sendall(link.data_to_send())


@pytest.mark.parametrize("tls", [False, True])
def test_grpc(here: Context, pair: Path, tls: bool) -> None:
    wrap = tls_context(pair / "cert.pem", pair / "key.pem") if tls else None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=grpc_server, args=(listener, wrap))
        thread.start()
        ca = str(pair / "ca.pem") if tls else ""
        check = GrpcCheck(port=listener.getsockname()[1], tls=tls, ca=ca, server_name="localhost")
        finding = look_once(check, here)
        thread.join(5)
    assert finding.ok, finding


def test_dns(here: Context) -> None:
    assert code(DnsCheck(name="localhost"), here) == "ok"
    assert code(DnsCheck(name="no-such-host.invalid"), here) in ("dns-unknown", "dns-unanswered")
    assert code(DnsCheck(name="a..b"), here) == "dns-unknown"
