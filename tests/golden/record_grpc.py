"""Record gRPC health conversations of a real SochDB: `grpc/*.json`.

Owns the few HTTP/2 frames that ask grpc.health.v1.Health/Check. Refuses to decode the answers:
what is kept are the bytes, and what they mean stands beside them.

    examples/sochdb/fetch-payload && python -m tests.golden.record_grpc
"""

import json
import socket
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.golden.record_postgres import SOCHDB, running

HERE = Path(__file__).parent / "grpc"
PORT = 45051
CHECK = "/grpc.health.v1.Health/Check"
HEADERS, DATA, SETTINGS, RST_STREAM, GOAWAY = 1, 0, 4, 3, 7
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """RFC 9113 section 4.1."""
    return struct.pack(">I", len(body))[1:] + struct.pack(">BBI", kind, flags, stream) + body


def literal(name: str, value: str) -> bytes:
    """A header field without indexing and without Huffman coding (RFC 7541 section 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def question(service: str, path: str) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "127.0.0.1",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    message = b"\x0a" + bytes([len(service)]) + service.encode() if service else b""
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + frame(SETTINGS, 0, 0, b"")
        + frame(HEADERS, END_HEADERS, 1, b"".join(literal(*pair) for pair in headers.items()))
        + frame(DATA, END_STREAM, 1, b"\0" + struct.pack(">I", len(message)) + message)
    )


def frames(data: bytes) -> Iterator[tuple[int, int]]:
    """Type and flags of each whole frame."""
    while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3]):
        yield data[3], data[4]
        data = data[9 + int.from_bytes(data[:3]) :]


def ended(data: bytes) -> bool:
    return any(
        kind in (RST_STREAM, GOAWAY) or (kind == HEADERS and flags & END_STREAM)
        for kind, flags in frames(data)
    )


def record(name: str, means: str, service: str = "", path: str = CHECK) -> None:
    asked, heard = question(service, path), b""
    with socket.create_connection(("127.0.0.1", PORT), 10) as connection:
        connection.sendall(asked)
        while not ended(heard) and (data := connection.recv(65536)):
            heard += data
    golden = {
        "server": "SochDB 2.1.0",
        "service": service,
        "means": means,
        "turns": [{"from": "client", "hex": asked.hex()}, {"from": "server", "hex": heard.hex()}],
    }
    (HERE / f"sochdb-{name}.json").write_text(json.dumps(golden, indent=1) + "\n")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        Path(folder).chmod(0o755)
        (program := Path(folder) / "server").write_bytes(SOCHDB.read_bytes())
        program.chmod(0o755)
        command: list[str | Path] = [
            *(program, "--port", str(PORT), "--auth"),
            *("--pg-port", "0", "--metrics-port", "0", "--ws-port", "0"),
        ]
        with running(command, PORT):
            record("serving", "SERVING; asked without credentials, and --auth is on")
            record("unknown-service", "NOT_FOUND (5)", service="nope")
            record("no-such-method", "UNIMPLEMENTED (12)", path="/grpc.health.v1.Health/Nope")
            record("no-credentials", "UNAUTHENTICATED (16)", path="/sochdb.v1.KvService/Get")


if __name__ == "__main__":
    main()
