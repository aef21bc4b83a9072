"""From the manifest to a TLS server that clients trust: the remedy as the daemon starts it."""

import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit import acme_stage as stage
from tests.unit.acme_stage import NAME
from tests.unit.pebble_server import NEEDED, Pebble, pebble

pytestmark = [pytest.mark.real, NEEDED]

MANIFEST = """
[appliance]
name = "notes"
version = "1"

[settings.host-name]
title = "Name"
default = "{name}"

[settings.acme]
title = "Get a certificate from the authority?"
type = "switch"
default = true

[certificates.web]
names = ["{{setting:host-name}}"]

[certificates.web.acme]
directory = "{directory}"
when = "{{setting:acme}}"
terms = "{{setting:acme}}"
ca = "{ca}"
address = "127.0.0.1"
port = {port}
timeout = "20s"
{more}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    with pebble(tmp_path_factory.mktemp("pebble")) as one:
        yield one


def declare(root: Path, server: Pebble, *, more: str = "", port: int = 0) -> None:
    for folder in ("etc/caretaker", "var/lib/caretaker"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    text = MANIFEST.format(
        name=NAME, directory=server.directory, ca=server.ca, port=port or server.http_port,
        more=more,
    )  # fmt: skip
    (root / "etc/caretaker/appliance.toml").write_text(text)


def mend(root: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-m", "agent.remedies", "--root", str(root), "run", "tls"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=90)


def caretaker(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-m", "agent", "--root", str(root), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=90)


def greeted(pair: Path, root: bytes) -> list[str]:
    """The names that a client sees that trusts the authority's root only, of a real server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "chain.pem", pair / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            stream, _ = door.accept()
            with context.wrap_socket(stream, server_side=True) as secure:
                secure.sendall(b"hello")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        trusting = ssl.create_default_context(cadata=root.decode())
        with (
            socket.create_connection(door.getsockname(), timeout=10) as stream,
            trusting.wrap_socket(stream, server_hostname=NAME) as secure,
        ):
            assert secure.recv(5) == b"hello"
            shown = secure.getpeercert()
        thread.join()
    assert shown is not None
    return [value for _, value in shown["subjectAltName"]]  # type: ignore[misc,str-unpack]  # loosely typed in ssl


def test_the_remedy_orders_a_pair_that_clients_trust(server: Pebble, tmp_path: Path) -> None:
    declare(tmp_path, server)
    done = mend(tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    current = tmp_path / "etc/notes/tls/web/current"
    assert greeted(current, server.root()) == [NAME]
    again = mend(tmp_path)
    assert again.returncode == 0
    assert current.resolve().name in (tmp_path / "etc/notes/tls/web/current").resolve().name
    shown = caretaker(tmp_path, "tls", "show", "web")
    assert "an authority, by ACME" in shown.stdout
    assert server.directory in shown.stdout
    assert "my-account" in shown.stdout


def test_our_own_serves_until_the_authority_gives_one(server: Pebble, tmp_path: Path) -> None:
    declare(tmp_path, server, port=1)  # answered where the authority does not look
    mend(tmp_path)
    current = tmp_path / "etc/notes/tls/web/current"
    own = (current / "ca.pem").read_bytes()
    assert NAME in greeted(current, own)
    shown = caretaker(tmp_path, "tls", "show", "web").stdout
    assert "not yet the authority's" in shown
    assert "(connection)" in shown
    # Unasked it waits; a person need not.
    declare(tmp_path, server)
    mend(tmp_path)
    assert (current / "ca.pem").read_bytes() == own
    renewed = caretaker(tmp_path, "tls", "renew", "web")
    assert renewed.returncode == 0, renewed.stderr
    assert greeted(current, server.root()) == [NAME]


def test_a_renewal_by_hand_that_fails_keeps_the_pair(server: Pebble, tmp_path: Path) -> None:
    declare(tmp_path, server)
    done = mend(tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    before = (tmp_path / "etc/notes/tls/web/current").resolve()
    declare(tmp_path, server, port=1)
    refused = caretaker(tmp_path, "tls", "renew", "web")
    assert refused.returncode == 4, refused.stdout
    assert "(connection)" in refused.stderr
    assert (tmp_path / "etc/notes/tls/web/current").resolve() == before


def test_over_dns_the_hook_gets_its_secret(server: Pebble, tmp_path: Path) -> None:
    program, log = stage.hook(server, tmp_path)
    more = f"""
challenge = "dns-01"
spread = "0s"
hook = ["{program}"]
environment = {{ TOKEN = "{{secret:dns}}" }}
[secrets.dns]
"""
    declare(tmp_path, server, more=more)
    secrets = tmp_path / "etc/notes/secrets"
    secrets.mkdir(parents=True)
    (secrets / "dns").write_text("s3cret-of-the-zone\n")
    done = mend(tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert log.read_text().count("s3cret-of-the-zone") == 2
    assert greeted(tmp_path / "etc/notes/tls/web/current", server.root()) == [NAME]
    state = tmp_path / "var/lib/caretaker"
    told = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert b"s3cret-of-the-zone" not in told + done.stdout.encode() + done.stderr.encode()


def test_a_pair_that_breaks_is_mended_while_orders_wait(server: Pebble, tmp_path: Path) -> None:
    declare(tmp_path, server, port=1)
    mend(tmp_path)
    current = tmp_path / "etc/notes/tls/web/current"
    (current / "key.pem").write_bytes(b"")
    done = mend(tmp_path)
    assert NAME in greeted(current, (current / "ca.pem").read_bytes()), done.stdout
    assert "web:order" in done.stdout + done.stderr


def test_a_run_that_is_killed_leaves_a_whole_pair_or_none(server: Pebble, tmp_path: Path) -> None:
    declare(tmp_path, server)
    current = tmp_path / "etc/notes/tls/web/current"
    renew = [sys.executable, "-I", "-m", "agent", "--root", str(tmp_path), "tls", "renew", "web"]
    for moment in (0.2, 0.4, 0.6, 0.8, 1.0, 1.3):
        run = subprocess.Popen(renew, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            run.wait(moment)
        run.kill()
        run.wait()
        if current.exists():
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                current / "chain.pem", current / "key.pem"
            )
    done = caretaker(tmp_path, "tls", "renew", "web")
    assert done.returncode == 0, done.stderr
    assert greeted(current, server.root()) == [NAME]
