"""One look: always a finding, in time, without a secret, whatever the check does."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.errors import MachineError
from agent.findings import Finding, Status, failed, passed
from agent.health import look as looking
from agent.health.context import CheckType, Context
from agent.health.look import look_once
from agent.host.failures import HostFailure
from agent.manifest.checks import LoadCheck
from agent.manifest.kinds import Duration
from tests.unit.checks_world import SECRET, world

SHORT = LoadCheck(timeout=Duration(0.05))


@pytest.fixture
def looks_like(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Finding]], None]:
    """Put a function in the place of `load`'s look."""

    def put(look: Callable[..., Finding]) -> None:
        kind = CheckType("load", LoadCheck, look, (), "the test holds it", "")
        monkeypatch.setattr(looking, "_TYPES", {LoadCheck: kind})

    return put


def looking_threads() -> int:
    return sum(thread.name == "look x" for thread in threading.enumerate())


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 10
    while not reached():
        assert time.perf_counter() < deadline
        time.sleep(0.005)


def raising(error: BaseException) -> Callable[..., Finding]:
    def look(check: LoadCheck, context: Context) -> Finding:
        raise error

    return look


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MachineError("secret-missing", "the secret x was never made"), "secret-missing", "never"),
        (HostFailure("could not read /x: no"), "machine", "could not read /x"),
        (OSError(5, "Input/output error"), "machine", "Input/output error"),
        (OSError("without a number"), "machine", "no reason given"),
        (KeyError(SECRET), "internal", "KeyError"),
        (RecursionError(SECRET), "internal", "RecursionError"),
    ],
)
def test_whatever_a_check_raises_becomes_a_finding(
    root: Path, looks_like: Callable[..., None], error: Exception, code: str, words: str
) -> None:
    looks_like(raising(error))
    finding = look_once(SHORT, world(root).context)
    assert (finding.status, finding.code) == (Status.FAIL, code)
    assert words in finding.summary
    assert SECRET not in repr(finding)


def test_a_defect_says_where_it_is(root: Path, looks_like: Callable[..., None]) -> None:
    looks_like(raising(KeyError("x")))
    finding = look_once(SHORT, world(root).context)
    assert "test_look.py" in str(finding.detail["where"])


def test_even_the_end_of_its_thread_is_a_finding(
    root: Path, looks_like: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = world(root)
    monkeypatch.setattr(threading, "excepthook", lambda told: None)
    looks_like(raising(GeneratorExit()))
    assert look_once(SHORT, stage.context).code == "timeout"
    wait_until(lambda: not looking_threads())
    looks_like(lambda check, context: passed("well again"))
    assert look_once(SHORT, stage.context).code == "ok"


def test_a_hanging_look_costs_one_thread_and_says_so_at_once(
    root: Path, looks_like: Callable[..., None]
) -> None:
    stage, gate, begun = world(root), threading.Event(), 0

    def hang(check: LoadCheck, context: Context) -> Finding:
        nonlocal begun
        begun += 1
        gate.wait(20)
        return passed("it let go")

    looks_like(hang)
    started = time.perf_counter()
    first = look_once(SHORT, stage.context)
    took = time.perf_counter() - started
    assert first.code == "timeout"
    assert first.observed == pytest.approx(0.05)
    assert type(first.observed) is float, "status.json could not be written else"
    assert "the test holds it" in first.summary
    assert took < 1.0
    stage.host.clock.advance(30)
    started = time.perf_counter()
    again = [look_once(SHORT, stage.context) for _ in range(50)]
    assert time.perf_counter() - started < 0.5
    assert {each.code for each in again} == {"timeout"}
    assert again[0].observed == pytest.approx(30)
    assert begun == 1
    assert looking_threads() == 1
    gate.set()
    wait_until(lambda: not looking_threads())
    assert look_once(SHORT, stage.context).summary == "it let go"
    assert begun == 2


def test_a_machine_without_room_for_a_thread_is_a_finding(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert look_once(SHORT, world(root).context).code == "machine"


def test_secrets_are_filled_in_and_come_out_nowhere(
    root: Path, looks_like: Callable[..., None]
) -> None:
    seen: list[str] = []

    def tell(check: LoadCheck, context: Context) -> Finding:
        seen.append(check.title)
        return failed("load-high", f"it said {check.title}", said=check.title, count=3)

    looks_like(tell)
    check = LoadCheck(title="{secret:key} and {setting:colour}", timeout=Duration(1))
    finding = look_once(check, world(root).context)
    assert seen == [f"{SECRET} and blue"]
    assert finding.summary == "it said (secret) and blue"
    assert finding.detail == {"said": "(secret) and blue", "count": 3}
    assert SECRET not in repr(finding)


def test_a_context_shows_neither_values_nor_memory(root: Path) -> None:
    stage = world(root)
    stage.context.memory["key"] = SECRET
    assert SECRET not in repr(stage.context)
    assert "lambda" not in repr(stage.context)


def test_what_a_server_says_never_reaches_a_terminal_as_a_command(
    root: Path, looks_like: Callable[..., None]
) -> None:
    looks_like(lambda check, context: failed("load-high", "a\x1b[2Jb\r\nc" + "x" * 900))
    finding = look_once(SHORT, world(root).context)
    assert finding.summary.isprintable()
    assert finding.summary.startswith("a [2Jb  c")
    assert len(finding.summary) == 300
