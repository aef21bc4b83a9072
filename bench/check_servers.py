"""The other ends that `bench.checks` looks at: as little server as answers a check.

Owns threads and sockets of the measuring parent, so that what a server costs is not counted.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded

Talk = Callable[[socket.socket], None]
PASSWORD = "correct horse battery"
_SALT, _ROUNDS = b"0123456789abcdef", 4096


@contextlib.contextmanager
def listening(talk: Talk, wrap: ssl.SSLContext | None = None) -> Iterator[int]:
    """A loopback port where every caller gets `talk`."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:

        def serve() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with caller, contextlib.suppress(OSError):
                    talk(wrap.wrap_socket(caller, server_side=True) if wrap else caller)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def tls(folder: Path) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    found.set_alpn_protocols(["h2", "http/1.1"])
    return found


def web(stream: socket.socket) -> None:
    stream.recv(65536)
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nall is well\n")


def banner(stream: socket.socket) -> None:
    stream.sendall(b"220 ready\r\n")
    stream.recv(1)


def grpc(stream: socket.socket) -> None:
    link = H2Connection(H2Configuration(client_side=False))
    link.initiate_connection()
    stream.sendall(link.data_to_send())
    while chunk := stream.recv(65536):
        for event in link.receive_data(chunk):
            if isinstance(event, StreamEnded):
                head = [(":status", "200"), ("content-type", "application/grpc")]
                link.send_headers(event.stream_id, head)
                link.send_data(event.stream_id, b"\0\0\0\0\x02\x08\x01")
                link.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
        stream.sendall(link.data_to_send())


def postgres(stream: socket.socket) -> None:
    """Trusts everybody; then what PostgreSQL 15 says before and after a query."""
    stream.recv(65536)
    _session(stream)


def postgres_scram(stream: socket.socket) -> None:
    stream.recv(65536)
    stream.sendall(_message(b"R", struct.pack(">I", 10) + b"SCRAM-SHA-256\0\0"))
    first = stream.recv(65536).partition(b"n,,")[2].decode()
    nonce = first.partition("r=")[2] + "server"
    challenge = f"r={nonce},s={base64.b64encode(_SALT).decode()},i={_ROUNDS}"
    stream.sendall(_message(b"R", struct.pack(">I", 11) + challenge.encode()))
    final = stream.recv(65536)[5:].decode().partition(",p=")[0]
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), _SALT, _ROUNDS)
    key = hmac.digest(salted, b"Server Key", "sha256")
    proof = hmac.digest(key, f"{first},{challenge},{final}".encode(), "sha256")
    signature = b"v=" + base64.b64encode(proof)
    stream.sendall(_message(b"R", struct.pack(">I", 12) + signature))
    _session(stream)


def _session(stream: socket.socket) -> None:
    settings = b"".join(
        _message(b"S", f"setting_{number}\0value\0".encode()) for number in range(13)
    )
    key, ready = _message(b"K", b"\0\0\0\1\0\0\0\2"), _message(b"Z", b"I")
    stream.sendall(_message(b"R", b"\0\0\0\0") + settings + key + ready)
    stream.recv(65536)
    column = b"\0\1?column?\0" + b"\0" * 6 + b"\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"
    row = _message(b"D", b"\0\1\0\0\0\x011") + _message(b"C", b"SELECT 1\0")
    stream.sendall(_message(b"T", column) + row + ready)
    stream.recv(65536)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body
