"""`caretaker tls`: what it shows, what it refuses, and what stands on the disk afterwards."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from agent.cli.program import program
from agent.errors import BusyError, CaretakerError, MachineError, RefusedError, UsageError
from agent.host import lock
from agent.host.clock import Clock
from agent.host.machine import Host
from agent.layout import Layout
from agent.ledger import Entry, read_ledgers
from agent.manifest.reader import parse
from agent.remedies import scene as scenes
from agent.tls import reading, renewal
from agent.tls.pair import make
from agent.tls.wanted import wanted_for
from tests.unit.tls_authorities import chain
from tests.unit.tls_service import RealService

pytestmark = pytest.mark.real  # The real clock and the machine's own addresses, and a port.

MANIFEST = """\
[appliance]
name = "shop"
version = "1"
[services.web]
command = ["/bin/true"]
[certificates.main]
names = ["shop.example"]
services = ["web"]
port = PORT
"""


class Shop:
    """An embedded appliance whose service has a real TLS port."""

    def __init__(self, root: Path, service: RealService) -> None:
        self.layout, self.service = Layout(root, "shop"), service
        self.files = root / "brought"
        self.files.mkdir()
        self.layout.etc.mkdir(parents=True)
        text = MANIFEST.replace("PORT", str(service.port))
        self.layout.manifest.write_text(text)
        make(wanted_for(Host(root=root), parse(text), self.layout, "main"))
        service.load()
        self.theirs = chain(now=Clock().wall())

    @property
    def current(self) -> Path:
        return self.layout.certificate("main")

    def call(self, *argv: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(
            program, ["--root", str(self.layout.root), "tls", *argv], input=stdin
        )

    def told(self, *argv: str) -> str:
        result = self.call(*argv)
        assert result.exception is None, result.exception
        return result.output

    def refused(self, *argv: str, stdin: str | None = None) -> CaretakerError:
        before = self.snapshot()
        error = self.call(*argv, stdin=stdin).exception
        assert isinstance(error, CaretakerError), error
        assert error.hint
        assert self.snapshot() == before
        return error

    def snapshot(self) -> dict[str, bytes]:
        files = sorted(self.layout.tls.rglob("*"))
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    def file(self, name: str, content: bytes, mode: int = 0o600) -> str:
        path = self.files / name
        path.write_bytes(content)
        path.chmod(mode)
        return str(path)

    def pair(self) -> tuple[str, str, str]:
        one = self.theirs
        return (self.file("cert.pem", one.leaf.pem), self.file("key.pem", one.leaf.key_pem),
                self.file("chain.pem", one.middle.pem + one.root.pem))  # fmt: skip

    def serial(self) -> str:
        content = (self.current / "cert.pem").read_bytes()
        return reading.serial_of(reading.certificates_in(content)[0])

    def ledger(self) -> list[Entry]:
        return read_ledgers([self.layout.ledger])


@pytest.fixture
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    service = RealService(Layout(root, "shop").certificate("main"))
    monkeypatch.setattr(scenes, "Remote", lambda *_, **__: service)
    monkeypatch.setattr(renewal, "_PATIENCE", 1.0)
    with service.listening():
        yield Shop(root, service)


def test_list_and_show_tell_all(shop: Shop) -> None:
    assert "shop.example" in shop.told()
    assert "by Caretaker" in shop.told("list")
    (one,) = json.loads(shop.told("list", "--json"))
    assert (one["by"], one["problem"], one["shows"]) == ("caretaker", "", None)
    told = json.loads(shop.told("show", "main", "--json"))
    leaf = x509.load_pem_x509_certificate((shop.current / "cert.pem").read_bytes())
    assert told["fingerprint"] == leaf.fingerprint(hashes.SHA256()).hex(":")
    assert told["shows"] == told["serial"] == shop.serial()
    page = shop.told("show", "main")
    for words in ("made by", "ECDSA secp256r1", "shop local authority", "web", "shows this one"):
        assert words in page
    (shop.current / "cert.pem").write_bytes(b"")
    assert "shows another" in shop.told("show", "main")
    assert "empty" in shop.told("list")


def test_a_certificate_nobody_declared_is_a_usage_error(shop: Shop) -> None:
    for argv in (["show", "mian"], ["renew", "mian"], ["csr", "mian"]):
        error = shop.refused(*argv)
        assert isinstance(error, UsageError)
        assert 'did you mean "main"?' in error.message


def test_renew_makes_a_new_one_and_says_who_took_it_up(shop: Shop) -> None:
    before = shop.serial()
    told = shop.told("renew", "main")
    assert shop.serial() != before
    assert told == (
        f"main: {shop.serial()} is in use, web reloaded, port {shop.service.port} shows it\n"
    )
    (entry,) = shop.ledger()
    assert (entry.act, entry.target, entry.outcome) == ("tls-renew", "main", "done")
    assert shop.serial() in entry.why


def test_import_serves_theirs_and_never_touches_it_again(shop: Shop) -> None:
    cert, key, above = shop.pair()
    told = shop.told("import", "main", "--cert", cert, "--key", key, "--chain", above)
    assert "port" in told
    assert "mind" not in told
    assert shop.serial() == reading.serial_of(shop.theirs.leaf.certificate)
    assert shop.service.reloads == 1
    assert "by you (imported)" in shop.told("list")
    error = shop.refused("renew", "main")
    assert "caretaker tls forget main" in error.hint
    assert shop.told("trust", "main").encode() == shop.theirs.root.pem
    # The same again changes nothing.
    shop.told("import", "main", "--cert", cert, "--key", key, "--chain", above)
    assert len([each for each in shop.current.parent.iterdir() if not each.is_symlink()]) == 2

    assert "forget main --yes" in shop.refused("forget", "main").hint
    assert shop.serial() == reading.serial_of(shop.theirs.leaf.certificate)
    shop.told("forget", "main", "--yes")
    assert "by Caretaker" in shop.told("list")
    assert "own already" in shop.told("forget", "main", "--yes")
    acts = [(entry.act, entry.outcome) for entry in shop.ledger()]
    assert acts == [("tls-import", "done"), ("tls-renew", "failed"), ("tls-import", "done"),
                    ("tls-forget", "done")]  # fmt: skip


def test_a_request_and_its_answer(shop: Shop) -> None:
    out = shop.files / "main.csr"
    shop.told("csr", "main", "--output", str(out))
    request = x509.load_pem_x509_csr(out.read_bytes())
    assert "-----BEGIN CERTIFICATE REQUEST" in shop.told("csr", "main")
    key = shop.current.parent / "request/key.pem"
    assert key.stat().st_mode & 0o077 == 0
    waiting = reading.key_in(key.read_bytes())
    assert reading.public_bytes(request.public_key()) == reading.public_bytes(waiting.public_key())
    answer = chain(now=Clock().wall(), key=waiting)
    cert = shop.file("answer.pem", answer.leaf.pem + answer.middle.pem)
    told = shop.told("import", "main", "--cert", cert)
    assert "its chain ends below a root" in told
    assert shop.serial() == reading.serial_of(answer.leaf.certificate)
    assert not key.exists()
    assert "no request of main waits" in shop.refused("import", "main", "--cert", cert).message


def test_pkcs12_with_its_password_in_a_file(shop: Shop) -> None:
    leaf = shop.theirs.leaf
    content = pkcs12.serialize_key_and_certificates(
        b"x", leaf.key, leaf.certificate, [shop.theirs.middle.certificate],
        BestAvailableEncryption(b"horse"),
    )  # fmt: skip
    bundle = shop.file("main.pfx", content)
    assert "can't be opened" in shop.refused("import", "main", "--pkcs12", bundle).message
    word = shop.file("word", b"horse\n")
    shop.told("import", "main", "--pkcs12", bundle, "--password-file", word)
    assert shop.serial() == reading.serial_of(leaf.certificate)


def test_names_that_are_not_covered_need_force(shop: Shop) -> None:
    other = chain(now=Clock().wall(), names=("other.example",))
    cert = shop.file("c.pem", other.leaf.pem + other.middle.pem + other.root.pem)
    key = shop.file("k.pem", other.leaf.key_pem, mode=0o644)
    error = shop.refused("import", "main", "--cert", cert, "--key", key)
    assert isinstance(error, RefusedError)
    assert "not valid for shop.example" in error.message
    assert "--force" in error.hint
    told = shop.told("import", "main", "--cert", cert, "--key", key, "--force")
    assert "mind: it is not valid for shop.example" in told
    assert f"{key} may be read by others (mode 644)" in told


def test_import_is_taken_back_where_the_service_does_not_take_it_up(shop: Shop) -> None:
    before = shop.serial()
    shop.service.deaf = True
    cert, key, above = shop.pair()
    error = shop.call("import", "main", "--cert", cert, "--key", key, "--chain", above).exception
    assert isinstance(error, MachineError)
    assert "the pair before is in use again" in error.message
    assert shop.serial() == before
    assert [entry.outcome for entry in shop.ledger()] == ["failed"]


@pytest.mark.parametrize("kind", ["fifo", "device", "huge", "folder", "loop", "missing"])
@pytest.mark.parametrize("option", ["--cert", "--key", "--chain", "--pkcs12"])
def test_what_is_no_plain_file_is_refused_at_once(shop: Shop, kind: str, option: str) -> None:
    path = shop.files / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        path.touch()
        os.truncate(path, 100 << 20)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    cert, key, above = shop.pair()
    given = {"--cert": cert, "--key": key, "--chain": above}
    given = {option: str(path)} if option == "--pkcs12" else {**given, option: str(path)}
    error = shop.refused("import", "main", *[word for pair in given.items() for word in pair])
    assert error.code == "file-unreadable"


def test_a_link_to_their_file_is_followed(shop: Shop) -> None:
    cert, key, above = shop.pair()
    link = shop.files / "live.pem"
    link.symlink_to(key)
    shop.told("import", "main", "--cert", cert, "--key", str(link), "--chain", above)


@pytest.mark.parametrize(
    "argv",
    [[], ["--cert", "a", "--pkcs12", "b"], ["--pkcs12", "a", "--key", "b"],
     ["--cert", "a", "--password-file", "b"]],
)  # fmt: skip
def test_options_that_do_not_go_together(shop: Shop, argv: list[str]) -> None:
    assert shop.refused("import", "main", *argv).exit_status == 2


def test_nothing_is_done_while_a_remedy_is_at_work(shop: Shop) -> None:
    shop.layout.state.mkdir(parents=True, exist_ok=True)
    with lock.exclusive(shop.layout.remedies_lock, purpose="remedies"):
        assert isinstance(shop.refused("renew", "main"), BusyError)


def test_no_secret_is_printed_or_kept_in_the_ledger(shop: Shop) -> None:
    cert, key, above = shop.pair()
    lines = Path(key).read_text().splitlines()[1:-1]
    told = shop.told("import", "main", "--cert", cert, "--key", key, "--chain", above)
    told += shop.told("show", "main") + shop.told("list", "--json") + str(shop.ledger())
    assert not any(line in told for line in lines)
