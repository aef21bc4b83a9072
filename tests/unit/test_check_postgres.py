"""`postgres`: replayed against recorded servers, and against bytes nobody would send."""

import base64
import secrets
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.findings import Finding, Status
from agent.health.wire import scram
from agent.health.wire.postgres import (
    Login,
    PostgresTrouble,
    Result,
    ServerError,
    Session,
    offers_tls,
)
from agent.manifest.checks import PostgresCheck
from agent.manifest.kinds import Duration
from tests.golden.postgres_wire import NONCE
from tests.scripted_host import ScriptedWire
from tests.unit.checks_world import ReplayedWire, World, golden, on_wire, world

LOGIN = Login("trusted", "", "postgres", private=True)


@pytest.fixture(autouse=True)
def recorded_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_urlsafe", lambda count: NONCE)


def replay(root: Path, name: str, **changes: Any) -> tuple[Finding, list[bytes], World]:
    recorded = golden(f"postgres/{name}")
    wire = ReplayedWire(recorded["turns"])
    stage = world(root)
    stage.context = on_wire(stage, wire)
    check = {
        "user": recorded["user"],
        "password": recorded["password"],
        "database": recorded["database"],
        "query": (recorded["queries"] or ["SELECT 1"])[0],
        **changes,
    }
    return stage.look(PostgresCheck(**check)), wire.said, stage


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("postgres-trust", "ok", "answered in 0 ms"),
        ("postgres-md5", "ok", "answered"),
        ("postgres-password", "ok", "answered"),
        ("postgres-scram", "ok", "answered"),
        ("postgres-notice", "ok", "answered"),
        ("postgres-no-rows", "ok", "answered"),
        ("postgres-null", "ok", "answered"),
        ("postgres-several-statements", "ok", "answered"),
        ("postgres-md5-wrong-password", "postgres-login", "does not accept the password"),
        ("postgres-scram-wrong-password", "postgres-login", "does not accept the password"),
        ("postgres-rejected", "postgres-login", "does not let this user in"),
        ("postgres-no-database", "postgres-database", 'database "nowhere" does not exist'),
        ("postgres-starting-up", "starting", "does not take connections yet"),
        ("postgres-shutting-down", "postgres-stopping", "is shutting down"),
        ("postgres-terminated", "postgres-stopping", "terminating connection"),
        ("postgres-too-many", "postgres-connections", "no connection left"),
        ("postgres-syntax-error", "postgres-error", 'syntax error at or near "SELEC"'),
        ("sochdb-select-count", "ok", "answered"),
        ("sochdb-password", "ok", "answered"),
        ("sochdb-round-trip", "ok", "answered"),
        ("sochdb-empty", "ok", "answered"),
        ("sochdb-select-1", "postgres-error", "SELECT requires"),
        ("sochdb-wrong-password", "postgres-login", "password authentication failed"),
    ],
)
def test_recorded_servers_are_understood(root: Path, name: str, code: str, words: str) -> None:
    finding, said, _ = replay(root, name)
    assert finding.code == code
    assert finding.status is (Status.PASS if code == "ok" else Status.FAIL)
    assert words in finding.summary
    assert "correct horse" not in finding.summary
    if code == "ok":
        assert said[-1] == b"X\0\0\0\x04"  # a clean good-bye


def test_every_recording_is_replayed_above() -> None:
    folder = Path(__file__).parent.parent / "golden/postgres"
    marks = test_recorded_servers_are_understood.pytestmark  # type: ignore[attr-defined]
    told = {row[0] for mark in marks if mark.name == "parametrize" for row in mark.args[1]}
    others = {"postgres-tls-refused", "sochdb-tls-refused", "sochdb-extended-query"}
    others |= {"sochdb-several-statements"}
    assert {path.stem for path in folder.glob("*.json")} == told | others


@pytest.mark.parametrize(
    ("name", "expect", "code"),
    [
        ("postgres-trust", "1", "ok"),
        ("postgres-trust", "2", "postgres-answer"),
        ("postgres-several-statements", "2", "ok"),
        ("postgres-no-rows", "1", "postgres-answer"),
        ("postgres-null", "1", "postgres-answer"),
        ("sochdb-select-count", "0", "ok"),
        ("sochdb-several-statements", "0", "ok"),
    ],
)
def test_the_first_column_of_the_last_result_counts(
    root: Path, name: str, expect: str, code: str
) -> None:
    finding, _, _ = replay(root, name, expect=expect)
    assert finding.code == code
    if name == "postgres-no-rows":
        assert "returned no row" in finding.summary


@pytest.mark.parametrize("name", ["postgres-tls-refused", "sochdb-tls-refused"])
def test_without_tls_it_goes_no_further(root: Path, name: str) -> None:
    finding, said, _ = replay(root, name, tls=True)
    assert finding.code == "postgres-no-tls"
    assert len(said) == 1


@pytest.mark.parametrize("address", ["10.0.0.7", "db.example"])
def test_a_password_never_crosses_a_network_in_the_clear(root: Path, address: str) -> None:
    finding, said, _ = replay(root, "postgres-password", address=address)
    assert finding.code == "postgres-plaintext"
    assert b"correct horse" not in b"".join(said)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0", "localhost", "/run/postgresql"])
def test_on_this_machine_it_may(root: Path, address: str) -> None:
    finding, said, _ = replay(root, "postgres-password", address=address)
    assert finding.ok
    assert b"correct horse" in b"".join(said)


def test_a_server_that_wants_a_password_is_told_from_a_wrong_one(root: Path) -> None:
    finding, said, _ = replay(root, "postgres-scram", password="")
    assert (finding.code, len(said)) == ("postgres-login", 1)
    assert "this check has none" in finding.summary


def test_derived_keys_are_kept_and_good_for_the_same_password_only(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, stage = replay(root, "postgres-scram")
    asked, keys = stage.context.memory[scram._KEYS]
    assert b"correct horse" not in repr(stage.context.memory).encode()
    wrong = scram.Exchange("wrong", stage.context.memory)
    assert wrong._keys(asked[1], asked[2]) != keys
    right = scram.Exchange("correct horse", stage.context.memory)
    assert right._keys(asked[1], asked[2]) == keys


def test_a_query_that_outlived_its_look_is_cancelled_before_the_next(root: Path) -> None:
    stage = world(root)
    ready = message(b"R", struct.pack(">I", 0)) + message(b"K", b"\0\0\0\x07KEY!")
    begun = ready + message(b"Z", b"I")
    stage.host.network.peers["127.0.0.1:5432"] = [begun, TimeoutError("timed out")]
    check = PostgresCheck(timeout=Duration(1))
    assert stage.look(check).code == "timeout"
    assert stage.look(check).code == "timeout"
    first, cancelling, second = stage.host.network.wires
    assert bytes(cancelling.sent) == struct.pack(">II", 16, 80877102) + b"\0\0\0\x07KEY!"
    assert bytes(first.sent) == bytes(second.sent)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body) + 4) + body


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (b"", "closed"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "postgres-protocol"),
        (b"\0\0\0\0\0", "postgres-protocol"),
        (b"R\xff\xff\xff\xff", "postgres-protocol"),
        (b"R\0\0\0\x08\0\0\0\x07", "postgres-method"),  # GSSAPI
        (b"R\0\0\0\x08\0\0\0\x0b", "postgres-method"),  # SASL goes on before it began
        (b"R\0\0\0\x15\0\0\0\x0aSCRAM-SHA-1\0\0", "postgres-method"),
        (b"E\0\0\0\x04", "postgres-error"),
        (b"S\0\0\0\x05x" * 3, "closed"),
    ],
)
def test_strange_servers_have_words_too(root: Path, server: bytes, code: str) -> None:
    stage = world(root)
    stage.host.network.peers["127.0.0.1:5432"] = [server] if server else []
    assert stage.look(PostgresCheck(password="x")).code == code


def scram_server(password: str, *, iterations: int = 4096, signature: bytes = b"") -> list[str]:
    """The two messages of a server that knows the password."""
    first = f"r={NONCE}more,s=c2FsdHNhbHQ=,i={iterations}"
    memory: dict[str, Any] = {}
    twin = scram.Exchange(password, memory, nonce=NONCE)
    twin.final(first.encode())
    proof = signature or twin._server_signature
    return [first, f"v={base64.b64encode(proof).decode()}"]


def test_a_server_that_does_not_know_the_password_is_an_impostor() -> None:
    first, _ = scram_server("wrong")
    exchange = scram.Exchange("right", {}, nonce=NONCE)
    exchange.final(first.encode())
    with pytest.raises(scram.ScramTrouble, match="not our server"):
        exchange.verify(scram_server("wrong")[1].encode())
    with pytest.raises(scram.ScramTrouble):
        exchange.verify(b"v=")
    assert not exchange.proved
    exchange.verify(scram_server("right")[1].encode())
    assert exchange.proved


@pytest.mark.parametrize(
    "first",
    [
        "r=other,s=c2FsdA==,i=4096",
        f"r={NONCE},s=c2FsdA==,i=4096",
        f"r={NONCE}x,s=no base64,i=4096",
        f"r={NONCE}x,s=c2FsdA==,i=0",
        f"r={NONCE}x,s=c2FsdA==,i=2000000000",
        f"r={NONCE}x,s=c2FsdA==,i=-1",
        f"r={NONCE}x,s=c2FsdA==",
        "",
        "\xff",
    ],
)
def test_a_wrong_challenge_is_not_answered(first: str) -> None:
    with pytest.raises(scram.ScramTrouble):
        scram.Exchange("right", {}, nonce=NONCE).final(first.encode("latin-1"))


def test_success_without_the_proof_is_not_believed() -> None:
    challenge = struct.pack(">I", 10) + b"SCRAM-SHA-256\0\0"
    server = message(b"R", challenge) + message(b"R", struct.pack(">I", 0))
    with pytest.raises(PostgresTrouble) as caught:
        Session(ScriptedWire([server])).start(Login("u", "p", "d", private=True), {})
    assert caught.value.code == "postgres-impostor"


def test_copy_gets_nothing_and_ends() -> None:
    answer = message(b"G", b"\0\0\0") + message(b"E", b"SERROR\0C57014\0MCOPY failed\0\0")
    wire = ScriptedWire([answer])
    with pytest.raises(ServerError, match="COPY failed"):
        Session(wire).query("COPY t FROM STDIN")
    assert b"f\0\0\0" in wire.sent


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=30))
def test_no_bytes_break_a_session(chunks: list[bytes]) -> None:
    talk([*chunks])


KINDS = st.sampled_from([b"R", b"K", b"Z", b"S", b"N", b"E", b"T", b"D", b"C", b"G", b"v"])


@given(st.lists(st.tuples(KINDS, st.binary(max_size=30)), max_size=30), st.booleans())
def test_no_well_framed_nonsense_breaks_a_session(
    messages: list[tuple[bytes, bytes]], trusted: bool
) -> None:
    start = message(b"R", b"\0\0\0\0") + message(b"Z", b"I") if trusted else b""
    talk([start + b"".join(message(kind, body) for kind, body in messages)])


def talk(chunks: list[bytes]) -> None:
    session = Session(ScriptedWire(chunks))
    try:
        session.start(Login("u", "password", "d", private=True), {})
        result = session.query("SELECT 1")
    except (ServerError, PostgresTrouble, ConnectionError):
        return
    assert isinstance(result, Result)


def test_only_one_byte_is_read_before_tls() -> None:
    wire = ScriptedWire([b"S" + b"slipped in"])
    assert offers_tls(wire)
    assert wire.replies == [b"slipped in"]
    with pytest.raises(PostgresTrouble):
        offers_tls(ScriptedWire([b"H"]))
    with pytest.raises(ConnectionError):
        offers_tls(ScriptedWire([]))
