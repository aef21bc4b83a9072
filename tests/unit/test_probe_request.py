"""The parser of request heads: what it takes, what it refuses, and that it never trips."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probe.request import Refusal, Request, parameters, parse
from bench.health.malformed import malformed


def whole(raw: bytes) -> Request:
    request = parse(raw)
    assert request is not None
    return request


def refused(raw: bytes) -> int:
    with pytest.raises(Refusal) as caught:
        parse(raw)
    return caught.value.code


def test_a_balancers_request_is_understood() -> None:
    raw = b"GET /readyz?verbose HTTP/1.1\r\nHost: 10.0.0.4:8086\r\nUser-Agent: probe/1\r\n\r\n"
    request = whole(raw)
    assert (request.method, request.path, request.query) == (b"GET", "/readyz", "verbose")
    assert request.keep
    assert not request.old
    assert request.end == len(raw)


def test_haproxys_default_check_needs_neither_host_nor_headers() -> None:
    request = whole(b"OPTIONS / HTTP/1.0\r\n\r\n")
    assert request.old
    assert not request.keep


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"http://node:8086/healthz", "/healthz"),
        (b"HTTP://node", "/"),
        (b"https://[::1]:8086/livez?x=/y", "/livez"),
        (b"http://node?verbose", "/"),
    ],
)
def test_absolute_form_is_understood(target: bytes, path: str) -> None:
    assert whole(b"GET %s HTTP/1.1\r\n\r\n" % target).path == path


def test_asterisk_form_is_for_options_only() -> None:
    assert whole(b"OPTIONS * HTTP/1.1\r\n\r\n").path == "/"
    assert refused(b"GET * HTTP/1.1\r\n\r\n") == 400


@pytest.mark.parametrize(
    ("version", "connection", "keep"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"connection: Keep-Alive, CLOSE\r\n", False),
        (b"1.1", b"Connection: upgrade\r\n", True),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
        (b"1.0", b"Connection: keep-alive\r\nConnection: close\r\n", False),
    ],
)
def test_connection_options(version: bytes, connection: bytes, keep: bool) -> None:
    assert whole(b"GET / HTTP/%s\r\n%s\r\n" % (version, connection)).keep is keep


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /healthz\r\n\r\n",
        b"GET  /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1 \r\n\r\n",
        b"GET /heal\x7fthz HTTP/1.1\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
        b"GET healthz HTTP/1.1\r\n\r\n",
        b"GET ftp://node/ HTTP/1.1\r\n\r\n",
        b"GET http:/// HTTP/1.1\r\n\r\n",
        b"GET / http/1.1\r\n\r\n",
        b"G@T / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1,1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: \r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_malformed_or_smuggled_is_refused(raw: bytes) -> None:
    assert refused(raw) == 400


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"get"])
def test_other_methods_are_not_allowed(method: bytes) -> None:
    assert refused(method + b" /healthz HTTP/1.1\r\n\r\n") == 405


@pytest.mark.parametrize("version", [b"2.0", b"1.2", b"3.0"])
def test_other_versions_are_refused(version: bytes) -> None:
    assert refused(b"PRI / HTTP/%s\r\n\r\n" % version) == 505


@pytest.mark.parametrize(
    ("field", "body"),
    [
        (b"Content-Length: 0", False),
        (b"Content-Length: 7", True),
        (b"Transfer-Encoding: chunked", True),
        (b"Transfer-Encoding: identity", True),
    ],
)
def test_a_body_ends_the_connection(field: bytes, body: bool) -> None:
    request = whole(b"GET / HTTP/1.1\r\n%s\r\n\r\n" % field)
    assert request.body is body
    assert request.keep is not body


def test_a_head_longer_than_the_limit_is_refused_whole_or_not() -> None:
    endless = b"GET / HTTP/1.1\r\nA: " + b"a" * 9000
    assert refused(endless) == 431
    assert refused(endless + b"\r\n\r\n") == 431


def test_a_head_of_exactly_the_limit_is_taken() -> None:
    raw = b"GET / HTTP/1.1\r\nA: \r\n\r\n"
    raw = raw.replace(b"A: ", b"A: " + b"a" * (8192 - len(raw)))
    assert whole(raw).end == 8192


def test_haproxys_view_is_read_and_cut() -> None:
    state = b"UP 2/3; name=bck/srv2; node=lb1; weight=1/2; scur=13/22; qcur=0"
    request = whole(b"GET / HTTP/1.0\r\nX-Haproxy-Server-State: " + state + b"\r\n\r\n")
    assert request.server_state == state.decode()
    long = whole(b"GET / HTTP/1.0\r\nx-haproxy-server-state: " + b"\xff" * 900 + b"\r\n\r\n")
    assert len(long.server_state) == 200


def test_empty_lines_before_a_request_are_skipped() -> None:
    assert whole(b"\r\n\r\nGET /livez HTTP/1.1\r\n\r\n").path == "/livez"
    assert parse(b"\r\n\r\n\r") is None


def test_parameters() -> None:
    assert parameters("verbose") == (True, frozenset())
    assert parameters("verbose=false&exclude=db&exclude=a%2Db&exclude=") == (
        False,
        frozenset(("db", "a-b")),
    )
    assert parameters("exclude=%zz&&x") == (False, frozenset(("%zz",)))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_a_refusal_or_unfinished(raw: bytes) -> None:
    code, request = 400, None
    try:
        request = parse(raw)
    except Refusal as no:
        code = no.code
    assert code in (400, 405, 431, 505)
    assert request is None or 0 < request.end <= len(raw)


def test_assembled_malice_is_a_request_a_refusal_or_unfinished() -> None:
    outcomes = {"request": 0, "refusal": 0, "unfinished": 0}
    for raw in islice(malformed(seed=1), 20_000):
        try:
            outcomes["request" if parse(raw) else "unfinished"] += 1
        except Refusal:
            outcomes["refusal"] += 1
    assert min(outcomes.values()) > 100, outcomes


REQUEST = st.builds(
    lambda method, path, fields: (
        b"%s /%s HTTP/1.1\r\n%s\r\n" % (method, path.encode(), b"".join(fields))
    ),
    st.sampled_from((b"GET", b"HEAD", b"OPTIONS")),
    st.text("abcz09-._~?&=%", max_size=30),
    st.lists(st.sampled_from((b"Host: a\r\n", b"Accept: */*\r\n", b"X:\r\n")), max_size=4),
)


@given(st.lists(REQUEST, min_size=1, max_size=5), st.data())
def test_cutting_the_stream_anywhere_changes_nothing(
    raws: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(raws)
    cut = data.draw(st.integers(0, len(stream)))
    at, seen = 0, []
    for arrived in (stream[:cut], stream):
        while at < len(arrived) and (request := parse(arrived, at)) is not None:
            seen.append(stream[at : request.end])
            at = request.end
    assert seen == raws
