"""`certificate`: what files and servers show, inspected once and judged at each look."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.findings import Status
from agent.health.checks import certificate
from agent.host.spawn import Completed
from agent.manifest.checks import CertificateCheck
from agent.manifest.kinds import Duration
from agent.tls import inspect
from agent.tls.authority import Pair, make_authority, make_leaf
from agent.tls.memory import remember, remember_told
from agent.tls.moment import Moment
from tests.scripted_host import NOW, ScriptedWire
from tests.unit.checks_world import World, world

DAY = 86400.0
NAMES = ["shop.example", "appliance", "localhost", "10.0.0.7", "127.0.0.1", "::1"]
AUTHORITY = make_authority("shop", now=NOW)
LEAF = make_leaf(AUTHORITY, NAMES, now=NOW, days=397)
OTHER = make_leaf(AUTHORITY, NAMES, now=NOW, days=397)
SHORT = make_leaf(AUTHORITY, NAMES, now=NOW, days=6)

NAMED = CertificateCheck(certificate="main")


@pytest.fixture
def stage(root: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Inspection runs in this process instead of a child."""
    found = world(root)

    def child(argv: tuple[str, ...]) -> Completed:
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(found.host.inputs[-1] or b""))
        )
        try:
            status = inspect.main(argv[4:])
        finally:
            monkeypatch.undo()
        return Completed(argv, status, out.getvalue(), "", 0.1)

    found.host.programs[sys.executable, "-I", "-m", "agent.tls.inspect"] = child
    return found


def place(stage: World, pair: Pair = LEAF, *, key: bytes | None = None) -> Path:
    folder = stage.context.layout.certificate("main")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cert.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key if key is None else key)
    (folder / "chain.pem").write_bytes(pair.certificate + AUTHORITY.certificate)
    (folder / "key.pem").chmod(0o600)
    return folder


def test_a_good_pair_passes_and_costs_a_child_once(stage: World) -> None:
    place(stage)
    for _ in range(5):
        finding = stage.look(NAMED)
        stage.host.clock.advance(10)
    assert finding.summary == "the certificate main is valid for 396 days more"
    assert finding.observed == pytest.approx(397 * DAY - 3600 - 40)
    assert finding.detail["serial"] == LEAF.serial
    assert len(stage.host.asked) == 1
    (place(stage, OTHER) / "key.pem").chmod(0o600)
    assert stage.look(NAMED).detail["serial"] == OTHER.serial
    assert len(stage.host.asked) == 2


def test_a_pair_of_ours_must_fit_this_machine_and_be_closed(stage: World) -> None:
    folder = place(stage)
    (folder / "origin.json").write_text("{}")
    assert stage.look(NAMED).status is Status.PASS
    stage.host.network.addresses = ["10.0.0.8"]
    stage.host.network.name = "clone"
    finding = stage.look(NAMED)
    assert (finding.code, finding.status) == ("certificate-names", Status.WARN)
    assert "clone, 10.0.0.8" in finding.summary
    (folder / "customer").touch()
    (folder / "cert.pem").touch()  # A customer's certificate says what the customer wants.
    assert stage.look(NAMED).status is Status.PASS
    (folder / "key.pem").chmod(0o644)
    finding = stage.look(NAMED)
    assert finding.code == "certificate-rights"
    assert "key.pem may be read by everybody (mode 644)" in finding.summary


def test_a_pair_whose_services_were_not_told_is_seen_after_a_while(stage: World) -> None:
    place(stage)
    layout, clock = stage.context.layout, stage.host.clock
    moment = Moment(clock.wall(), boot=clock.boot_id(), monotonic=clock.monotonic())
    remember(layout, moment, name="main", serial=LEAF.serial, told=False)
    assert stage.look(NAMED).status is Status.PASS
    clock.advance(121)
    assert stage.look(NAMED).code == "certificate-untold"
    remember_told(layout, "main")
    assert stage.look(NAMED).status is Status.PASS


def test_a_key_never_reaches_the_answer(stage: World) -> None:
    place(stage)
    stage.look(NAMED)
    assert "PRIVATE" not in json.dumps(str(stage.context.memory))


@pytest.mark.parametrize(
    ("passed", "status", "code"),
    [
        (0.0, Status.PASS, "ok"),
        (375.0, Status.PASS, "ok"),
        (376.0, Status.WARN, "certificate-expiring"),
        (395.0, Status.FAIL, "certificate-expiring"),
        (397.0, Status.FAIL, "certificate-expired"),
        (-1.0, Status.FAIL, "certificate-early"),
    ],
)
def test_dates_are_judged_by_the_clock_of_the_look(
    stage: World, passed: float, status: Status, code: str
) -> None:
    place(stage)
    stage.look(NAMED)
    stage.host.clock.advance(passed * DAY)
    finding = stage.look(CertificateCheck(certificate="main", fail_before=Duration(2 * DAY)))
    assert (finding.status, finding.code) == (status, code)
    assert len(stage.host.asked) == 1


def test_a_certificate_for_six_days_does_not_warn_all_its_life(stage: World) -> None:
    place(stage, SHORT)
    assert stage.look(NAMED).status is Status.PASS
    stage.host.clock.advance(4.1 * DAY)
    assert stage.look(NAMED).status is Status.WARN


def test_an_authority_that_ends_first_is_named(stage: World) -> None:
    folder = place(stage)
    old = make_authority("old", now=NOW - 3640 * DAY)
    (folder / "chain.pem").write_bytes(LEAF.certificate + old.certificate)
    finding = stage.look(NAMED)
    assert finding.code == "certificate-expiring"
    assert "the certificate above it ends in 9 days" in finding.summary


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        ("key.pem", OTHER.key, "certificate-mismatch"),
        ("key.pem", b"nothing", "certificate-key-invalid"),
        ("key.pem", None, "certificate-key-missing"),
        ("cert.pem", b"", "certificate-empty"),
        ("cert.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n", "certificate-invalid"),
        ("cert.pem", LEAF.key, "certificate-invalid"),
        ("cert.pem", None, "certificate-missing"),
        ("chain.pem", b"", "certificate-invalid"),
        ("chain.pem", None, "ok"),
    ],
)
def test_each_way_a_pair_is_broken_has_its_word(
    stage: World, file: str, content: bytes | None, code: str
) -> None:
    folder = place(stage)
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    assert stage.look(NAMED).code == code


def test_a_pair_of_ours_in_an_authoritys_place_is_told(stage: World) -> None:
    (place(stage) / "origin.json").write_text('{"fallback": true}')
    finding = stage.look(NAMED)
    assert (finding.code, finding.status) == ("certificate-fallback", Status.WARN)


def test_an_unreadable_certificate_is_told_from_a_missing_one(stage: World, root: Path) -> None:
    assert stage.look(CertificateCheck(path=str(root))).code == "certificate-unreadable"
    loop = root / "loop"
    loop.symlink_to(loop)
    assert stage.look(CertificateCheck(path=str(loop))).code == "certificate-unreadable"
    assert stage.look(CertificateCheck(path=str(root / "x"))).code == "certificate-missing"


def test_a_key_for_others_is_not_ours_to_compare(stage: World) -> None:
    (place(stage) / "key.pem").unlink()
    (stage.context.layout.certificate("main") / "key.pem").mkdir()
    assert stage.look(NAMED).ok


def test_a_file_reached_by_links_is_the_operators_choice(stage: World, root: Path) -> None:
    folder = place(stage)
    (root / "live.pem").symlink_to(folder / "chain.pem")
    finding = stage.look(CertificateCheck(path=str(root / "live.pem")))
    assert finding.ok
    assert finding.summary.startswith(f"the certificate in {root}/live.pem is valid")


def signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, issuer: str) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop")])
    by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    begins = datetime.fromtimestamp(NOW, UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(by)
    builder = builder.public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(begins).not_valid_after(begins + timedelta(days=300))
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (rsa.generate_private_key(65537, 1024), "an RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP192R1()), "an elliptic key of 192 bits"),
        (rsa.generate_private_key(65537, 2048), ""),
    ],
)
def test_weak_keys_warn(
    stage: World, root: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, words: str
) -> None:
    (root / "x.pem").write_bytes(signed(key, issuer="other"))
    finding = stage.look(CertificateCheck(path=str(root / "x.pem")))
    assert finding.code == ("certificate-weak" if words else "ok")
    assert words in finding.summary


def test_a_server_is_asked_what_it_shows_and_inspected_once(
    stage: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    der = x509.load_pem_x509_certificate(LEAF.certificate).public_bytes(serialization.Encoding.DER)
    monkeypatch.setattr(
        ScriptedWire, "peer_certificate", lambda wire: der if wire.tls_name else b""
    )
    stage.host.network.peers["db.example:5433"] = []
    check = CertificateCheck(address="db.example", port=5433)
    for _ in range(3):
        finding = stage.look(check)
        monkeypatch.setattr(
            ScriptedWire, "peer_certificate", lambda wire: der if wire.tls_name else b""
        )
    assert finding.ok
    assert finding.summary.startswith("the certificate shown at db.example:5433 is valid")
    assert (len(stage.host.asked), stage.host.inputs) == (1, [der])
    assert [wire.tls_name for wire in stage.host.network.wires] == ["db.example"] * 3


def test_a_server_that_is_away_has_the_words_of_every_connection(stage: World) -> None:
    stage.host.network.peers["db.example:5433"] = ConnectionRefusedError(111, "refused")
    finding = stage.look(CertificateCheck(address="db.example", port=5433))
    assert finding.code == "refused"


@pytest.mark.parametrize("answer", [1, "no json", '{"problem": "who knows"}'])
def test_a_broken_inspection_is_a_failure_and_not_remembered(
    stage: World, answer: str | int
) -> None:
    place(stage)
    stage.host.programs[sys.executable, "-I", "-m", "agent.tls.inspect"] = answer
    assert stage.look(NAMED).code == "certificate-unparsed"
    assert certificate._KNOWN not in stage.context.memory


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_no_bytes_break_the_inspection(content: bytes) -> None:
    assert inspect.inspect(content).problem in ("empty", "no-certificate")
    assert inspect.inspect(content, der=True).problem in ("empty", "no-certificate")
