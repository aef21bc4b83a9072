"""`http`, `tcp`, `dns` and `command`: what an answer means, and that no answer breaks them."""

import errno
import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.findings import Status
from agent.health.wire import http, trouble
from agent.host.spawn import Completed
from agent.manifest.checks import CommandCheck, DnsCheck, HttpCheck, TcpCheck
from agent.manifest.kinds import Duration
from tests.scripted_host import ScriptedWire, timed_out
from tests.unit.checks_world import World, world

URL = "http://127.0.0.1:8080/ready?token=abc"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def stage(root: Path) -> World:
    return world(root)


def answered(stage: World, *replies: bytes | OSError) -> World:
    stage.host.network.peers["127.0.0.1:8080"] = replies
    return stage


def test_a_good_answer_passes_and_the_request_is_a_plain_one(stage: World) -> None:
    check = HttpCheck(url=URL, headers={"X-Key": "k"})
    finding = answered(stage, OK).look(check)
    assert finding.status is Status.PASS
    assert finding.summary == "http://127.0.0.1:8080/ready said 200 OK in 0 ms"
    sent = bytes(stage.host.network.wires[0].sent).decode()
    assert sent.startswith("GET /ready?token=abc HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert "\r\nConnection: close\r\n" in sent
    assert sent.endswith("X-Key: k\r\n\r\n")
    assert stage.host.network.wires[0].closed


@pytest.mark.parametrize(
    ("replies", "code", "words"),
    [
        ([b"HTTP/1.1 503 Service Unavailable\r\n\r\n"], "http-status", "said 503 Service Unavail"),
        ([b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n"], "http-status", "302"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "http-malformed", "not HTTP"),
        ([b"HTTP/1.1 abc\r\n\r\n"], "http-malformed", "no number"),
        ([b"HTTP/1.1 200 OK\r\nContent-Len"], "http-malformed", "middle"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"], "http-malformed", "middle"),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"],
            "http-malformed",
            "",
        ),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], "http-malformed", "Content-Length"),
        ([b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000], "http-malformed", "too long"),
        ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000], "http-malformed", "64 KiB"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 5000], "http-malformed", "64 KiB"),
        ([], "closed", "closed"),
        ([TimeoutError("timed out")], "timeout", "gave no answer within 2s"),
        ([b"HTTP/1.1 200 OK\r\n", TimeoutError("timed out")], "timeout", "2s"),
        ([ConnectionResetError(errno.ECONNRESET, "reset")], "closed", "without an answer"),
    ],
)
def test_each_way_to_fail_has_its_word(
    stage: World, replies: list[bytes | OSError], code: str, words: str
) -> None:
    finding = answered(stage, *replies).look(HttpCheck(url=URL))
    assert (finding.status, finding.code) == (Status.FAIL, code)
    assert words in finding.summary
    assert "token" not in finding.summary


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b"Content-Length: 11\r\n\r\nall is well", True),
        (b"Transfer-Encoding: chunked\r\n\r\n4\r\nall \r\n7;x=y\r\nis well\r\n0\r\n\r\n", True),
        (b"\r\nall is well", True),
        (b"Content-Length: 3\r\n\r\nbad", False),
        (b"\r\n" + b"x" * (64 << 10) + b"is well", False),
    ],
)
def test_text_is_found_however_the_body_is_framed(stage: World, body: bytes, found: bool) -> None:
    check = HttpCheck(url=URL, contains="is well")
    finding = answered(stage, b"HTTP/1.1 200 OK\r\n" + body).look(check)
    assert finding.code == ("ok" if found else "http-text")


def test_answers_without_a_body_need_none(stage: World) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    assert answered(stage, head).look(HttpCheck(url=URL, method="HEAD")).ok
    gone = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    assert answered(stage, gone).look(HttpCheck(url=URL, status=(200, 204))).ok


def test_a_slow_answer_warns(stage: World, monkeypatch: pytest.MonkeyPatch) -> None:
    receive = ScriptedWire.receive

    def slowly(wire: ScriptedWire, at_most: int = 65536) -> bytes:
        stage.host.clock.advance(0.4)
        return receive(wire, at_most)

    monkeypatch.setattr(ScriptedWire, "receive", slowly)
    finding = answered(stage, OK).look(HttpCheck(url=URL, warn_after=Duration(0.3)))
    assert (finding.status, finding.code, finding.unit) == (Status.WARN, "http-slow", "s")
    assert finding.observed == pytest.approx(0.4)
    assert "more than 300ms" in finding.summary


def test_credentials_of_the_address_become_a_header_and_are_not_shown(stage: World) -> None:
    stage.host.network.peers["db.example:80"] = [b"HTTP/1.1 401 Unauthorized\r\n\r\n"]
    finding = stage.look(HttpCheck(url="http://me:hunter%32@db.example/"))
    assert b"Authorization: Basic bWU6aHVudGVyMg==\r\n" in stage.host.network.wires[0].sent
    assert b"Host: db.example\r\n" in stage.host.network.wires[0].sent
    assert "hunter" not in finding.summary


@pytest.mark.parametrize(
    "check",
    [
        HttpCheck(url=URL, headers={"X": "a\r\nY: b"}),
        HttpCheck(url="http://[::1/"),
        HttpCheck(url="http:///nowhere"),
        HttpCheck(url="http://h:99999/"),
    ],
)
def test_what_can_not_be_sent_is_not_sent(stage: World, check: HttpCheck) -> None:
    assert stage.look(check).code == "http-request"
    assert stage.host.network.wires == []


def test_https_goes_on_in_tls_under_the_name_of_the_address(stage: World) -> None:
    stage.host.network.peers["db.example:443"] = [OK]
    assert stage.look(HttpCheck(url="https://db.example/")).ok
    assert stage.host.network.wires[0].tls_name == "db.example"
    stage.host.network.peers["::1:443"] = [OK]
    finding = stage.look(HttpCheck(url="https://[::1]/"))
    assert finding.summary.startswith("https://[::1]/ said 200")


def verification(code: int, message: str) -> ssl.SSLError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def tls_error(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "handshake")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "refused"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "unreachable"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "unreachable"),
        (PermissionError(errno.EPERM, "Operation not permitted"), "socket-denied"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/run/x"), "socket-missing"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/etc/ca.pem"), "tls-ca"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "unresolved"),
        (TimeoutError("timed out"), "timeout"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "closed"),
        (ConnectionError("it ended"), "closed"),
        (OSError(errno.EMFILE, "Too many open files"), "connection-failed"),
        (verification(10, "certificate has expired"), "tls-expired"),
        (verification(9, "not yet valid"), "tls-expired"),
        (verification(62, "Hostname mismatch"), "tls-name"),
        (verification(18, "self-signed certificate"), "tls-untrusted"),
        (verification(20, "unable to get local issuer certificate"), "tls-untrusted"),
        (tls_error("WRONG_VERSION_NUMBER"), "tls-failed"),
        (tls_error("NO_CERTIFICATE_OR_CRL_FOUND"), "tls-ca"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "tls-failed"),
        (ssl.SSLZeroReturnError(6, "closed"), "tls-failed"),
    ],
)
def test_trouble_with_a_connection_is_told_apart(error: OSError, code: str) -> None:
    finding = trouble.explain(error, "db:5432", Duration(2), ca="/etc/ca.pem")
    assert (finding.status, finding.code) == (Status.FAIL, code)
    assert "db:5432" in finding.summary or code == "tls-ca"


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_of_a_server_break_the_parser(chunks: list[bytes]) -> None:
    ask(chunks)


LIKELY = (
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 7\r\n", b"\r\n", b"3\r\nabc\r\n"),
    *(b"0\r\n\r\n", b"ffffffff\r\n", b"\n", b"HTTP/1.1 100 x\r\n\r\n", b":", b"\0\xff"),
)


@given(
    st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 404\n"]),
    st.lists(
        st.sampled_from(LIKELY) | st.binary(max_size=20),
        max_size=30,
    ),
)
def test_no_likely_bytes_break_it_either(first: bytes, rest: list[bytes]) -> None:
    ask([first, *rest])


def ask(chunks: list[bytes]) -> None:
    wire = ScriptedWire([chunk for chunk in chunks if chunk])
    try:
        answer = http.ask(wire, b"x", method="GET")
    except (http.HttpTrouble, ConnectionError):
        return
    assert 100 <= answer.status <= 999
    assert len(answer.body) <= http.BODY_CAP


def test_tcp_opens_and_the_answer_begins_as_expected(stage: World) -> None:
    stage.host.network.peers["127.0.0.1:25"] = [b"22", b"0 mail", b" ready"]
    check = TcpCheck(port=25, send="EHLO\n", expect="220 ")
    finding = stage.look(check)
    assert finding.summary == "127.0.0.1:25 answered in 0 ms"
    assert bytes(stage.host.network.wires[0].sent) == b"EHLO\n"


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ([b"554 no"], "tcp-answer"),
        ([b"22"], "tcp-answer"),
        ([], "tcp-answer"),
        ([TimeoutError("timed out")], "timeout"),
    ],
)
def test_a_wrong_banner_fails_without_being_quoted(
    stage: World, replies: list[bytes | OSError], code: str
) -> None:
    stage.host.network.peers["127.0.0.1:25"] = replies
    finding = stage.look(TcpCheck(port=25, expect="220 "))
    assert finding.code == code
    assert "554" not in finding.summary


def test_a_closed_port_is_refused(stage: World) -> None:
    stage.host.network.peers["::1:25"] = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    finding = stage.look(TcpCheck(address="::1", port=25))
    assert finding.summary == "[::1]:25 refused the connection: nothing listens there"


def test_dns_resolves_and_compares_addresses_not_spellings(stage: World) -> None:
    stage.host.network.names["db"] = ["10.0.0.7", "2001:db8::1"]
    assert stage.look(DnsCheck(name="db")).summary == "db is 10.0.0.7, 2001:db8::1"
    assert stage.look(DnsCheck(name="db", expect="2001:DB8:0::1")).ok
    assert stage.look(DnsCheck(name="db", expect="10.0.0.8")).code == "dns-wrong"
    stage.host.network.names["db"] = socket.gaierror(socket.EAI_NONAME, "Name not known")
    assert stage.look(DnsCheck(name="db")).code == "dns-unknown"
    stage.host.network.names["db"] = socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
    finding = stage.look(DnsCheck(name="db"))
    assert (finding.code, "temporary failure" in finding.summary) == ("dns-unanswered", True)


def ended(status: int, out: str = "", err: str = "", *, truncated: bool = False) -> Completed:
    return Completed(("/opt/check",), status, out, err, 0.02, truncated=truncated)


@pytest.mark.parametrize(
    ("done", "status", "code", "words"),
    [
        (ended(0, "3 jobs queued\nmore"), Status.PASS, "ok", "3 jobs queued"),
        (ended(0), Status.PASS, "ok", "/opt/check ended well"),
        (ended(0, "", "noise"), Status.PASS, "ok", "/opt/check ended well"),
        (ended(3, "queue is long"), Status.WARN, "command-warned", "queue is long"),
        (ended(3), Status.WARN, "command-warned", "/opt/check ended with status 3"),
        (ended(1, "", "Traceback\nKeyError"), Status.FAIL, "command-failed", "1: KeyError"),
        (ended(-11), Status.FAIL, "command-failed", "ended by signal 11"),
        (timed_out(["/opt/check"], 2.0), Status.FAIL, "timeout", "did not end within 2s"),
        (
            Completed(("/opt/check",), 127, "", "", 0.0, missing=True),
            Status.FAIL,
            "command-missing",
            "/opt/check is not there",
        ),
    ],
)
def test_a_program_is_judged_by_its_end(
    stage: World, done: Completed, status: Status, code: str, words: str
) -> None:
    stage.host.programs["/opt/check"] = done
    finding = stage.look(CommandCheck(command=["/opt/check", "-v"], warn_status=[3]))
    assert (finding.status, finding.code) == (status, code)
    assert words in finding.summary
    assert stage.host.asked == [("/opt/check", "-v")]


def test_a_program_must_say_what_is_asked_for(stage: World) -> None:
    check = CommandCheck(command=["/opt/check"], contains="ready")
    stage.host.programs["/opt/check"] = "not yet"
    assert stage.look(check).code == "command-text"
    stage.host.programs["/opt/check"] = "ready"
    assert stage.look(check).ok
    stage.host.programs["/opt/check"] = ended(0, "x", truncated=True)
    assert "first 1 MiB" in stage.look(check).summary
