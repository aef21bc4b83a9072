"""The two ends of the act socket, on a real one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.act.client import ask
from agent.act.request import LONGEST, Answer, write_answer
from agent.errors import BusyError, MachineError, RefusedError, UsageError
from agent.host.handed_over import Caller
from agent.host.local_sockets import Socket, connect_unix, listen_unix
from agent.host.machine import Host
from agent.layout import Layout

pytestmark = pytest.mark.real


@contextmanager
def serving(path: Path, serve: Callable[[Caller], None]) -> Iterator[None]:
    """One connection, handed over as systemd would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = listen_unix(path, mode=0o600)
    listener.settimeout(5)

    def one() -> None:
        stream, _ = listener.accept()
        with Caller(stream.detach()) as caller:
            serve(caller)

    thread = threading.Thread(target=one)
    thread.start()
    try:
        yield
    finally:
        thread.join(10)
        listener.close()


def answering(answer: Answer, heard: list[object]) -> Callable[[Caller], None]:
    def serve(caller: Caller) -> None:
        heard.extend((caller.line(cap=LONGEST, timeout=2), caller.uid))
        caller.answer(write_answer(answer), timeout=2)

    return serve


def test_a_request_goes_over_and_the_answer_comes_back(root: Path) -> None:
    heard: list[object] = []
    layout = Layout(root)
    with serving(layout.act_socket, answering(Answer(0, "web was restarted"), heard)):
        said = ask("restart-service", "web", host=Host(), layout=layout, timeout=5)
    assert said == "web was restarted"
    assert heard == [b"restart-service web\n", os.getuid()]


@pytest.mark.parametrize(
    ("status", "family"), [(2, UsageError), (4, MachineError), (5, BusyError), (7, RefusedError)]
)
def test_an_error_keeps_its_family_code_and_hint(
    root: Path, status: int, family: type[Exception]
) -> None:
    layout = Layout(root)
    answer = Answer(status, "no", "refused", "wait")
    with (
        serving(layout.act_socket, answering(answer, [])),
        pytest.raises(family, match=r"^no$") as caught,
    ):
        ask("reload-service", "web", host=Host(), layout=layout, timeout=5)
    assert (caught.value.code, caught.value.hint) == ("refused", "wait")  # type: ignore[attr-defined]  # CaretakerError


def test_nobody_there_is_an_error_with_a_hint(root: Path) -> None:
    with pytest.raises(MachineError, match="nobody answers") as caught:
        ask("restart-service", "web", host=Host(), layout=Layout(root), timeout=1)
    assert caught.value.hint == "systemctl status caretaker-act.socket"


@pytest.mark.parametrize("garbage", [b"", b"{}\n", b"no json\n", b'{"status":'])
def test_garbage_for_an_answer_is_an_error(root: Path, garbage: bytes) -> None:
    layout = Layout(root)
    with (
        serving(layout.act_socket, lambda caller: caller.answer(garbage, timeout=1)),
        pytest.raises(MachineError, match="nobody answers"),
    ):
        ask("restart-service", "web", host=Host(), layout=layout, timeout=2)


def test_a_request_that_the_other_side_would_refuse_is_never_sent(root: Path) -> None:
    with pytest.raises(UsageError):
        ask("restart-service", "../web", host=Host(), layout=Layout(root))


@pytest.mark.parametrize(
    ("chunks", "line"),
    [
        ([b"restart-service web\n"], b"restart-service web\n"),
        ([b"rest", b"art-service web\n"], b"restart-service web\n"),
        ([b"a" * LONGEST], None),
        ([b"a" * (LONGEST + 1)], None),
        ([b"one\ntwo\n"], None),
        ([b"one\ntwo"], None),
        ([b""], None),
    ],
)
def test_a_line_is_read_in_bounds(root: Path, chunks: list[bytes], line: bytes | None) -> None:
    heard: list[bytes | None] = []
    with serving(root / "s", lambda caller: heard.append(caller.line(cap=LONGEST, timeout=1))):
        stream = connect_unix(root / "s", timeout=2)
        for chunk in chunks:
            stream.sendall(chunk)
            time.sleep(0.05)
        stream.close()
    assert heard == [line]


def test_one_who_says_nothing_is_not_waited_for(root: Path) -> None:
    heard: list[bytes | None] = []
    streams: list[Socket] = []
    begun = time.monotonic()
    with serving(root / "s", lambda caller: heard.append(caller.line(cap=LONGEST, timeout=0.2))):
        streams.append(connect_unix(root / "s", timeout=2))
    assert heard == [None]
    assert time.monotonic() - begun < 2
    streams[0].close()
