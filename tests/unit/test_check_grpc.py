"""`grpc`: replayed against a recorded server, a server made of h2, and nonsense."""

from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded
from hypothesis import given
from hypothesis import strategies as st

from agent.findings import Finding
from agent.health.wire import grpc
from agent.host.network import Wire
from agent.manifest.checks import GrpcCheck
from tests.scripted_host import ScriptedWire
from tests.unit.checks_world import ReplayedWire, golden, on_wire, world

SERVING = b"\0\0\0\0\x02\x08\x01"
HEAD = [(":status", "200"), ("content-type", "application/grpc")]


class H2Wire(Wire):
    """A server at the other end, made by the library's other half."""

    def __init__(
        self, body: bytes, *, head: list[tuple[str, str]], trailers: list[tuple[str, str]]
    ) -> None:
        self.link = H2Connection(H2Configuration(client_side=False))
        self.link.initiate_connection()
        self.ready = self.link.data_to_send()
        self.body, self.head, self.trailers = body, head, trailers
        self.asked: dict[bytes, bytes] = {}
        self.message, self.tls_name = b"", ""

    def send(self, content: bytes) -> None:
        for event in self.link.receive_data(content):
            if isinstance(event, RequestReceived):
                self.asked = {bytes(name): bytes(value) for name, value in event.headers}
            elif isinstance(event, DataReceived):
                self.message += event.data
            elif isinstance(event, StreamEnded):
                self._answer(event.stream_id)
        self.ready += self.link.data_to_send()

    def _answer(self, stream: int) -> None:
        self.link.send_headers(stream, self.head, end_stream=not (self.body or self.trailers))
        if self.body:
            self.link.send_data(stream, self.body, end_stream=not self.trailers)
        if self.trailers:
            self.link.send_headers(stream, self.trailers, end_stream=True)

    def receive(self, at_most: int = 65536) -> bytes:
        chunk, self.ready = self.ready[:5], self.ready[5:]
        return chunk

    def start_tls(
        self, server_name: str, *, ca: str = "", verify: bool = True, alpn: tuple[str, ...] = ()
    ) -> None:
        assert alpn == ("h2",)
        self.tls_name = server_name

    def close(self) -> None:
        self.ready = b""


def look(root: Path, wire: Wire, check: GrpcCheck) -> Finding:
    stage = world(root)
    stage.context = on_wire(stage, wire)
    return stage.look(check)


def test_serving_passes_and_the_request_is_what_grpc_wants(root: Path) -> None:
    wire = H2Wire(SERVING, head=HEAD, trailers=[("grpc-status", "0")])
    check = GrpcCheck(port=50051, service="shop", headers={"Authorization": "Bearer x"})
    finding = look(root, wire, check)
    assert finding.summary == "gRPC at 127.0.0.1:50051 says that service shop is SERVING, in 0 ms"
    assert wire.message == b"\0\0\0\0\x06\x0a\x04shop"
    assert wire.asked[b":path"] == b"/grpc.health.v1.Health/Check"
    assert wire.asked[b"te"] == b"trailers"
    assert wire.asked[b"grpc-timeout"] == b"2000m"
    assert wire.asked[b"authorization"] == b"Bearer x"


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        ("5", "unknown%20service", "grpc-service-unknown"),
        ("7", "", "grpc-login"),
        ("12", "", "grpc-unimplemented"),
        ("14", "", "grpc-unavailable"),
        ("16", "", "grpc-login"),
        ("4", "", "timeout"),
        ("13", "", "grpc-error"),
    ],
)
def test_each_status_has_its_word(root: Path, status: str, message: str, code: str) -> None:
    ends = [("grpc-status", status), ("grpc-message", message)]
    for wire in (
        H2Wire(b"", head=HEAD + ends, trailers=[]),
        H2Wire(b"", head=HEAD, trailers=ends),
    ):
        finding = look(root, wire, GrpcCheck(port=1))
        assert finding.code == code
        assert f"status {status}" in finding.summary
        assert "unknown service" in finding.summary or not message


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\0\0\0\0\x02\x08\x02", "grpc-not-serving"),
        (b"\0\0\0\0\x02\x08\x03", "grpc-not-serving"),
        (b"\0\0\0\0\x00", "grpc-not-serving"),  # UNKNOWN is protobuf's default: nothing
        (b"\0\0\0\0\x06\x12\x02xx\x08\x01", "ok"),  # a field of a later version before it
        (b"\x01\0\0\0\x02\x08\x01", "grpc-malformed"),  # compressed, unasked
        (b"\0\0\0\0\x09\x08\x01", "grpc-malformed"),
        (b"\0\0\0\0\x01\x08", "grpc-malformed"),
        (b"\0\0\0\0\x0b" + b"\x08" + b"\xff" * 10, "grpc-malformed"),
        (b"\0\0\0\0\x01\x0d", "grpc-malformed"),
        (b"", "grpc-malformed"),
    ],
)
def test_the_answer_is_read_by_hand(root: Path, body: bytes, code: str) -> None:
    wire = H2Wire(body, head=HEAD, trailers=[("grpc-status", "0")])
    assert look(root, wire, GrpcCheck(port=1)).code == code


def test_an_http_server_is_no_grpc_server(root: Path) -> None:
    wire = H2Wire(b"no", head=[(":status", "502")], trailers=[])
    finding = look(root, wire, GrpcCheck(port=1))
    assert (finding.code, "502" in finding.summary) == ("grpc-http", True)
    one = ScriptedWire([b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"])
    assert look(root, one, GrpcCheck(port=1)).code == "grpc-malformed"
    assert look(root, ScriptedWire([]), GrpcCheck(port=1)).code == "closed"
    silent = H2Wire(b"", head=HEAD, trailers=[("x", "y")])
    assert look(root, silent, GrpcCheck(port=1)).code == "grpc-malformed"


def test_tls_asks_for_http2_under_the_servers_name(root: Path) -> None:
    wire = H2Wire(SERVING, head=HEAD, trailers=[("grpc-status", "0")])
    check = GrpcCheck(port=7, tls=True, server_name="shop.example")
    assert look(root, wire, check).ok
    assert wire.tls_name == "shop.example"
    assert wire.asked[b":authority"] == b"shop.example:7"
    assert wire.asked[b":scheme"] == b"https"


@pytest.mark.parametrize("headers", [{"X Y": "z"}, {"x": "a\nb"}, {":path": "/"}, {"": "x"}])
def test_headers_that_break_the_rules_are_not_sent(root: Path, headers: dict[str, str]) -> None:
    wire = ScriptedWire([])
    finding = look(root, wire, GrpcCheck(port=1, headers=headers))
    assert finding.code == "grpc-request"
    assert not wire.sent


@pytest.mark.parametrize(
    ("name", "service", "code"),
    [
        ("sochdb-serving", "", "ok"),
        ("sochdb-unknown-service", "nope", "grpc-service-unknown"),
        ("sochdb-no-credentials", "", "grpc-login"),
        ("sochdb-no-such-method", "", "grpc-unimplemented"),
    ],
)
def test_a_recorded_server_is_understood(root: Path, name: str, service: str, code: str) -> None:
    wire = ReplayedWire(golden(f"grpc/{name}")["turns"])
    assert look(root, wire, GrpcCheck(port=1, service=service)).code == code


@given(st.lists(st.binary(min_size=1, max_size=80), max_size=10))
def test_no_bytes_break_the_call(chunks: list[bytes]) -> None:
    call(chunks)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10),
            st.integers(0, 255),
            st.sampled_from([0, 1, 1, 1, 2, 3]),
            st.binary(max_size=40),
        ),
        max_size=12,
    )
)
def test_no_frames_break_the_call(frames: list[tuple[int, int, int, bytes]]) -> None:
    content = b"\0\0\0\x04\0\0\0\0\0"  # SETTINGS come first
    for kind, flags, stream, body in frames:
        content += len(body).to_bytes(3, "big") + bytes([kind, flags])
        content += stream.to_bytes(4, "big") + body
    call([content])


def call(chunks: list[bytes]) -> None:
    try:
        reply = grpc.health_check(ScriptedWire(chunks), "h:1", "", {}, tls=False, timeout=1.0)
        grpc.serving_status(bytes(reply.body))
    except (grpc.GrpcTrouble, ConnectionError):
        return


@given(st.binary(max_size=40))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        assert grpc.serving_status(body) >= 0
    except grpc.GrpcTrouble:
        return


@given(st.text(max_size=300))
def test_a_name_of_any_length_is_framed(name: str) -> None:
    message = grpc.request_message(name)
    assert int.from_bytes(message[1:5], "big") == len(message) - 5
    assert message.endswith(name.encode())
