"""TLS on the probe port: handshakes under the deadline, reload without losing a probe."""

import contextlib
import datetime
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.host.listener import DEFERRED
from tests.unit.probe_client import GET, connect, everything, parsed, running, snapshot, until

pytestmark = pytest.mark.real

REQUEST = b"GET /healthz HTTP/1.1\r\n\r\n"


def pair(folder: Path, name: str, *, password: bytes = b"") -> tuple[str, str]:
    """A key and a self-signed certificate for `name`; the paths of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.crt", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption(),
        )
    )
    return str(files[0]), str(files[1])


def secure(port: int, trusted: str, name: str) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=trusted)
    return context.wrap_socket(connect(port), server_hostname=name)


def test_a_probe_over_tls(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path, "one.example")
    with running(certificate=certificate, key=key) as handle:
        handle.publish(snapshot(), valid_for=60)
        for _ in range(5):
            with secure(handle.port, certificate, "one.example") as peer:
                peer.sendall(GET % b"/healthz")
                assert parsed(everything(peer)).status == 200


def test_a_connection_kept_pipelined_and_cut_over_tls(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path, "one.example")
    with (
        running(certificate=certificate, key=key) as handle,
        secure(handle.port, certificate, "one.example") as peer,
    ):
        for _ in range(20):
            peer.sendall(REQUEST)
            assert peer.recv(4096).startswith(b"HTTP/1.1 503 ")
        for byte in REQUEST:
            peer.sendall(bytes([byte]))
        assert peer.recv(4096).startswith(b"HTTP/1.1 503 ")
        peer.sendall(REQUEST * 600 + GET % b"/livez")  # more than one TLS record
        assert everything(peer).count(b"HTTP/1.1 503 ") == 601


def test_handshakes_that_stop_half_way_are_sent_away(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path, "one.example")
    with running(certificate=certificate, key=key, head_seconds=0.5) as handle:
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(connect(handle.port)) for _ in range(30)]
            for peer in peers[:10]:
                peer.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a hello
            for peer in peers[10:20]:
                peer.sendall(REQUEST)  # no TLS at all
            began = time.monotonic()
            with secure(handle.port, certificate, "one.example") as probe:
                probe.sendall(GET % b"/healthz")
                assert parsed(everything(probe)).status == 503
            for peer in peers:
                everything(peer)
            assert time.monotonic() - began < 1.5 + DEFERRED
        assert handle.echo()
        assert handle.stats().connections == 0


def test_a_body_over_tls_is_thrown_away(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path, "one.example")
    with (
        running(certificate=certificate, key=key) as handle,
        secure(handle.port, certificate, "one.example") as peer,
    ):
        peer.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000)
        assert parsed(everything(peer)).status == 405


def test_another_pair_is_taken_for_new_connections(tmp_path: Path) -> None:
    first, second = pair(tmp_path, "one.example"), pair(tmp_path, "two.example")
    with (
        running(certificate=first[0], key=first[1]) as handle,
        secure(handle.port, first[0], "one.example") as old,
    ):
        handle.reload(*second)
        assert handle.echo()
        with secure(handle.port, second[0], "two.example") as new:
            for peer in (new, old):
                peer.sendall(REQUEST)
                assert peer.recv(4096).startswith(b"HTTP/1.1 503 ")


def test_a_pair_that_does_not_load_leaves_the_one_in_use(tmp_path: Path) -> None:
    good, other = pair(tmp_path, "one.example"), pair(tmp_path, "two.example")
    locked = pair(tmp_path, "three.example", password=b"secret")
    (tmp_path / "empty").write_bytes(b"")
    with running(certificate=good[0], key=good[1]) as handle:
        for bad in (
            (str(tmp_path / "nothing"), good[1]),
            (good[0], other[1]),
            (str(tmp_path / "empty"), good[1]),
            locked,
        ):
            handle.reload(*bad)
            assert handle.echo()
            assert bad[0] in handle.stats().tls_error
            with secure(handle.port, good[0], "one.example") as peer:
                peer.sendall(REQUEST)
                assert peer.recv(4096).startswith(b"HTTP/1.1 503 ")
        handle.reload(*good)
        assert handle.echo()
        assert handle.stats().tls_error == ""


def test_no_pair_at_first_is_closed_connections_until_one_comes(tmp_path: Path) -> None:
    with running(certificate=str(tmp_path / "one.example.crt"), key="") as handle:
        with connect(handle.port) as peer:
            peer.sendall(b"\x16\x03\x01\x02\x00\x01")
            assert everything(peer) == b""
        handle.reload(*pair(tmp_path, "one.example"))
        assert handle.echo()
        trusted = str(tmp_path / "one.example.crt")
        with secure(handle.port, trusted, "one.example") as probe:
            probe.sendall(GET % b"/healthz")
            assert parsed(everything(probe)).status == 503


def test_a_plain_port_has_no_pair_to_reload() -> None:
    with running() as handle, pytest.raises(ValueError, match="without TLS"):
        handle.reload("a", "b")


def test_a_client_that_vanishes_in_the_handshake_leaves_nothing(tmp_path: Path) -> None:
    certificate, key = pair(tmp_path, "one.example")
    with running(certificate=certificate, key=key) as handle:
        for number in range(50):
            peer = socket.create_connection(("127.0.0.1", handle.port))
            if number % 2:
                peer.sendall(b"\x16\x03\x01\x02\x00\x01")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            peer.close()  # a reset
        assert until(lambda: handle.echo() and handle.stats().connections == 0)
        with secure(handle.port, certificate, "one.example") as probe:
            probe.sendall(GET % b"/healthz")
            assert parsed(everything(probe)).status == 503
