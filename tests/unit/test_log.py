"""The log's two forms."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from agent.host import journal
from agent.host.clock import Clock
from agent.log import open_log


class StoppedClock(Clock):
    def wall(self) -> float:
        return 1_795_000_000.0


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_without_a_journal_it_is_one_json_object_a_line(capsysbinary: Any) -> None:
    log = open_log(StoppedClock(), to_journal=False)
    log.warning("not ready: web: refused", check="web", verdict="fail", code=None)
    (line,) = capsysbinary.readouterr().out.splitlines()
    assert json.loads(line) == {
        "at": "2026-11-18T11:06:40Z",
        "level": "warning",
        "message": "not ready: web: refused",
        "check": "web",
        "verdict": "fail",
    }
    assert line.startswith(b'{"at":')


def test_an_exception_comes_with_its_trace_on_one_line(capsysbinary: Any) -> None:
    log = open_log(StoppedClock(), to_journal=False)
    try:
        raise ValueError("broken")
    except ValueError:
        log.error("a defect", exc_info=True)  # noqa: G201 (our Log has no `exception`)
    (line,) = capsysbinary.readouterr().out.splitlines()
    assert "ValueError: broken" in json.loads(line)["exception"]


def test_to_the_journal_it_is_a_sentence_with_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, int, Mapping[str, str]]] = []

    def send(message: str, *, priority: int, fields: Mapping[str, str]) -> bool:
        sent.append((message, priority, fields))
        return True

    monkeypatch.setattr(journal, "available", lambda: True)
    monkeypatch.setattr(journal, "send", send)
    log = open_log(StoppedClock(), to_journal=True)
    log.warning("web fails: refused", check="web", verdict="fail", code="tcp-refused", extra=None)
    log.info("web passes", check="web", took=1.5)
    assert sent == [
        ("web fails: refused", 4, {"CHECK": "web", "VERDICT": "fail", "CODE": "tcp-refused"}),
        ("web passes", 5, {"CHECK": "web", "TOOK": "1.5"}),
    ]


def test_an_entry_names_the_agent_unless_it_names_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[dict[str, str]] = []
    monkeypatch.setitem(
        sys.modules, "systemd", SimpleNamespace(journal=SimpleNamespace(send=send_to(sent)))
    )
    assert journal.send("web passes", priority=5, fields={"CHECK": "web"})
    assert journal.send("made", priority=5, fields={"SYSLOG_IDENTIFIER": "caretaker-setup"})
    assert [each["SYSLOG_IDENTIFIER"] for each in sent] == ["caretaker", "caretaker-setup"]
    assert sent[0] | {"CHECK": "web", "PRIORITY": "5", "MESSAGE": "web passes"} == sent[0]


def send_to(sent: list[dict[str, str]]) -> Callable[..., None]:
    return lambda message, **fields: sent.append({"MESSAGE": message, **fields})


def test_without_the_library_lines_go_to_the_journal_as_to_anywhere(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: Any
) -> None:
    monkeypatch.setattr(journal, "available", lambda: False)
    open_log(StoppedClock(), to_journal=True).info("hello")
    assert json.loads(capsysbinary.readouterr().out)["message"] == "hello"


def test_when_journald_is_away_the_sentence_goes_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(journal, "available", lambda: True)
    monkeypatch.setattr(journal, "send", lambda *_args, **_named: False)
    open_log(StoppedClock(), to_journal=True).error("no disk")
    assert capsys.readouterr().err == "<3>no disk\n"
