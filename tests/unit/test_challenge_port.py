"""The port that faces the network as root: one path, few bytes, few seconds, nobody in its way."""

import http.client
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.host import challenge_port, spawn, webroot
from agent.host.challenge_port import FOLDER, ChallengePort

pytestmark = pytest.mark.real

TOKEN = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
ANSWER = f"{TOKEN}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"


@pytest.fixture
def port() -> Iterator[ChallengePort]:
    with ChallengePort("127.0.0.1", 0) as one:
        one.offer(TOKEN, ANSWER)
        yield one


def asked(port: ChallengePort, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port.port, timeout=5)
    connection.request(method, path, headers={"Host": "notes.example.org"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def said(port: ChallengePort, content: bytes, *, seconds: float = 10) -> bytes:
    """Everything that comes back, until the other side closes."""
    with socket.create_connection(("127.0.0.1", port.port), timeout=seconds) as stream:
        heard = b""
        try:
            stream.sendall(content)
            stream.shutdown(socket.SHUT_WR)
            while chunk := stream.recv(4096):
                heard += chunk
        except TimeoutError:
            raise
        except OSError:  # closed under us, before or after we said that we had ended
            pass
        return heard


def test_the_token_is_shown_and_counted(port: ChallengePort) -> None:
    assert asked(port, f"{FOLDER}{TOKEN}") == (200, ANSWER)
    assert asked(port, f"{FOLDER}{TOKEN}", "HEAD") == (200, "")
    assert port.shown == 2


@pytest.mark.parametrize(
    "path",
    [
        "/",
        FOLDER,
        FOLDER.rstrip("/"),
        f"{FOLDER}{TOKEN}/",
        f"{FOLDER}{TOKEN}?x=1",
        f"{FOLDER}{TOKEN[:-1]}",
        f"{FOLDER}../../etc/passwd",
        f"{FOLDER}%2e%2e/%2e%2e/etc/passwd",
        f"{FOLDER}..%2f..%2fetc%2fpasswd",
        f"//{FOLDER}{TOKEN}",
        f"http://notes.example.org{FOLDER}{TOKEN}",
        "/etc/passwd",
    ],
)
def test_every_other_path_is_not_there(port: ChallengePort, path: str) -> None:
    assert asked(port, path) == (404, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get"])
def test_every_other_method_is_refused(port: ChallengePort, method: str) -> None:
    assert asked(port, f"{FOLDER}{TOKEN}", method)[0] == 405


@pytest.mark.parametrize(
    "head", [b"\r\n\r\n", b"GET /\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"\0\0\r\n\r\n",
             b"GET / HTTP/2.0\r\n\r\n"]
)  # fmt: skip
def test_what_is_no_request_is_told_so(port: ChallengePort, head: bytes) -> None:
    assert said(port, head).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("token", ["", "../x", "a/b", "a b", "a\r\nb", "ä", "a.b"])
def test_a_token_that_could_be_a_path_is_not_offered(port: ChallengePort, token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        port.offer(token, "x")


def test_a_head_without_end_is_cut_off(port: ChallengePort) -> None:
    assert said(port, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000) == b""
    assert asked(port, f"{FOLDER}{TOKEN}")[0] == 200


def test_silent_and_slow_ones_are_shown_out(
    port: ChallengePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenge_port, "_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", port.port), timeout=10) as stream:
        stream.sendall(b"GET / HT")
        begun = time.monotonic()
        assert stream.recv(10) == b""
        assert time.monotonic() - begun < 5


def test_a_crowd_of_silent_ones_is_in_nobodys_way(port: ChallengePort) -> None:
    crowd = [socket.create_connection(("127.0.0.1", port.port)) for _ in range(200)]
    try:
        assert asked(port, f"{FOLDER}{TOKEN}") == (200, ANSWER)
        assert len(port._guests) <= challenge_port._MOST
    finally:
        for stream in crowd:
            stream.close()


def test_many_ask_at_once(port: ChallengePort) -> None:
    seen: list[tuple[int, str]] = []
    asking = [
        threading.Thread(target=lambda: seen.append(asked(port, f"{FOLDER}{TOKEN}")))
        for _ in range(16)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert seen == [(200, ANSWER)] * 16


def test_it_is_shut_afterwards_and_can_be_opened_again() -> None:
    with ChallengePort("127.0.0.1", 0) as first:
        number = first.port
        asked(first, "/")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", number), timeout=5)
    with ChallengePort("127.0.0.1", number) as again:
        assert asked(again, "/")[0] == 404


def test_a_port_that_is_taken_is_an_error(port: ChallengePort) -> None:
    with pytest.raises(OSError, match="in use"), ChallengePort("127.0.0.1", port.port):
        pass


def test_by_default_both_kinds_of_address_reach_it() -> None:
    with ChallengePort("", 0) as one:
        assert asked(one, "/")[0] == 404


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=600), path=st.booleans())
def test_noise_gets_no_content_and_breaks_nothing(
    port: ChallengePort, content: bytes, path: bool
) -> None:
    noise = b"GET " + FOLDER.encode() + content + b" HTTP/1.1\r\n\r\n" if path else content
    heard = said(port, noise)
    assert heard == b"" or heard[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 404 ", b"HTTP/1.1 405 ")
    assert port._thread.is_alive()


def test_broken_connections_break_nothing(port: ChallengePort) -> None:
    dice = random.Random(4)
    whole = f"GET {FOLDER}{TOKEN} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for _ in range(200):
        stream = socket.create_connection(("127.0.0.1", port.port))
        stream.sendall(whole[: dice.randrange(len(whole) + 1)])
        if dice.random() < 0.5:  # a reset instead of an end
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stream.close()
    assert asked(port, f"{FOLDER}{TOKEN}") == (200, ANSWER)


def write(act: str, folder: Path, token: str = TOKEN, *, user: str = "") -> spawn.Completed:
    argv = [sys.executable, "-I", "-S", webroot.__file__, act, str(folder), token]
    return spawn.run(argv, stdin=ANSWER.encode(), timeout=10, user=user)


def test_a_webroot_gets_the_file_and_loses_it(tmp_path: Path) -> None:
    place = tmp_path / ".well-known/acme-challenge" / TOKEN
    assert write("add", tmp_path).ok
    assert write("add", tmp_path).ok
    assert place.read_text() == ANSWER
    assert [path.name for path in place.parent.iterdir()] == [TOKEN]
    assert write("remove", tmp_path).ok
    assert write("remove", tmp_path).ok
    assert list(place.parent.iterdir()) == []


def test_a_webroot_that_is_not_there_or_a_token_with_a_way_is_refused(tmp_path: Path) -> None:
    assert "no such folder" in write("add", tmp_path / "gone").reason
    assert "letters" in write("add", tmp_path, "../../x").reason


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_planted_link_leads_only_where_its_planter_may_go() -> None:
    # pytest's own folder is shut to everybody else.
    with tempfile.TemporaryDirectory(prefix="acme-webroot-") as folder:
        Path(folder).chmod(0o755)
        precious, root = Path(folder, "precious"), Path(folder, "www")
        precious.mkdir(mode=0o755)
        root.mkdir()
        root.chmod(0o777)
        assert write("add", root, user="nobody").ok
        (root / ".well-known/acme-challenge" / TOKEN).unlink()
        (root / ".well-known/acme-challenge").rmdir()
        (root / ".well-known").rmdir()
        (root / ".well-known").symlink_to(precious)
        assert "denied" in write("add", root, user="nobody").reason
        assert list(precious.iterdir()) == []
