"""What tests of ACME have in common: a request to be signed, an order, and running it as we do.

Owns no process beyond the call. The stray server answers every request with what a test wrote.
"""

import http.server
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from acme.client import ClientV2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwa import ES256

from agent.tls import account
from agent.tls.authority import make_authority, make_leaf
from agent.tls.line import Line
from agent.tls.order import Order, Outcome
from tests.unit.pebble_server import Pebble

NAME = "notes.example.org"
Answer = TypeVar("Answer")

# The contract of docs/how-to/acme.md, spoken to Pebble's DNS server. `MODE` makes it misbehave.
HOOK = """#!{python} -IS
import json, os, sys, time, urllib.request
told = os.environ
with open({log!r}, "a") as log:
    words = ("ACTION", "DOMAIN", "RECORD", "VALUE")
    print(*(told["CARETAKER_ACME_" + word] for word in words), told.get("TOKEN", "-"), file=log)
if told.get("MODE") == "fail":
    sys.exit("the zone is locked")
if told.get("MODE") == "hang" and told["CARETAKER_ACME_ACTION"] == "add":
    time.sleep(60)
where = "set-txt" if told["CARETAKER_ACME_ACTION"] == "add" else "clear-txt"
what = {{"host": told["CARETAKER_ACME_RECORD"] + ".", "value": told["CARETAKER_ACME_VALUE"]}}
urllib.request.urlopen(
    "http://127.0.0.1:{port}/" + where, data=json.dumps(what).encode(), timeout=5
)
"""


def request_for(*names: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    request = builder.add_extension(san, critical=False).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def order(server: Pebble, account: Path, *names: str, **changes: Any) -> Order:
    """What serves most tests: http-01 on the port where the authority looks."""
    usual = Order(
        directory=server.directory,
        names=list(names or (NAME,)),
        csr=request_for(*(names or (NAME,))),
        account=str(account),
        terms=True,
        ca=str(server.ca),
        address="127.0.0.1",
        port=server.http_port,
        seconds=30.0,
        spread=0.0,
    )
    return msgspec.structs.replace(usual, **changes)


def start(wanted: Order, *, by: str = "", before: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
    """The child that speaks to the authority; `by`: a program that starts it in turn."""
    words = ["-c", by] if by else ["-m", "agent.tls.acme"]
    child = subprocess.Popen(
        [*before, sys.executable, "-I", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    child.stdin.write(msgspec.json.encode(wanted))
    child.stdin.close()
    child.stdin = None
    return child


def until(question: Callable[[], Answer], *, seconds: float = 20) -> Answer:
    """Its first answer that counts as true."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def outcome(child: subprocess.Popen[bytes]) -> Outcome:
    said, complained = child.communicate(timeout=60)
    assert b"Traceback" not in complained  # libraries may warn, of a clock that is far off
    return msgspec.json.decode(said, type=Outcome)


def run(wanted: Order) -> Outcome:
    return outcome(start(wanted))


def names_of(chain: str) -> list[str]:
    leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return san.value.get_values_for_type(x509.DNSName)


def hook(server: Pebble, folder: Path) -> tuple[Path, Path]:
    """The program, and the file in which it notes its calls."""
    program, log = folder / "dns-hook", folder / "hook.log"
    text = HOOK.format(python=sys.executable, log=str(log), port=server.dns_admin_port)
    program.write_text(text)
    program.chmod(0o755)
    return program, log


def close_account(wanted: Order) -> None:
    """As its owner may, with another client: it can never be opened again."""
    key = account.key_of(Path(wanted.account))
    line = Line(key, alg=ES256)
    line.limit(ca=wanted.ca, seconds=20)
    client = ClientV2(ClientV2.get_directory(wanted.directory, line), line)
    assert account.enter(client, key, wanted)
    assert line.account is not None
    client.deactivate_registration(line.account)


def folder(port: int, place: Path) -> AbstractContextManager[None]:
    """The application's web server, which shows a folder."""
    return _serving(port, partial(QuietFiles, directory=str(place)))


def page(port: int, content: bytes) -> AbstractContextManager[None]:
    """A web server that shows the same page whatever it is asked for."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return _serving(port, Page)


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _serving(port: int, handler: Any) -> Iterator[None]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def stray(folder: Path, status: int, content: bytes, **more: Any) -> Iterator[tuple[str, Path]]:
    """A TLS server that is no authority: (URL, who vouches for it)."""
    now = time.time()
    authority = make_authority("Stray", now=now)
    leaf = make_leaf(authority, ["127.0.0.1"], now=now, days=2)
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "stray.pem").write_bytes(leaf.certificate + leaf.key)

    class Stray(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in more.get("headers", {}).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in more.get("pieces", [content]):
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(more.get("pause", 0))
            except OSError:
                pass  # the client has had enough, which is what is tested

        do_HEAD = do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stray)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "stray.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/dir", folder / "ca.pem"
    finally:
        server.shutdown()
        server.server_close()
