"""The command line: what it prints, and with which exit status it ends."""

from __future__ import annotations

import io
import json
import os
import sys
import tomllib
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from agent.cli.program import VERBS, program
from agent.cli.saying import plain, say_error, size, span
from agent.errors import CaretakerError, MachineError
from agent.findings import Level, Severity, Status
from agent.host import lock, sqlite
from agent.host.clock import Clock
from agent.layout import Layout
from agent.ledger import Ledger
from agent.manifest.reader import parse
from agent.manifest.starter import STARTER
from agent.status import (
    CheckReport,
    EventReport,
    ModeReport,
    ProbeReport,
    ServiceReport,
    StatusReport,
)

MANIFEST = """\
[appliance]
name = "shop"
version = "2.1"
title = "Shop"
[services.web]
command = ["x"]
"""


def report(*, ready: Status = Status.PASS, age: float = 0.0, **more: object) -> StatusReport:
    now = Clock().wall() - age
    check = CheckReport(
        "sql", "SQL", "postgres", Level.READY, Severity.CRITICAL, ready, ready, "code",
        "port 5432\x1b[31m refused", 10.0, 3.0, now - 60,
    )  # fmt: skip
    muted = msgspec.structs.replace(check, name="page", muted_by="sql")
    whole = StatusReport(
        now, "shop", "Shop", "2.1", "embedded", now, Status.PASS, ready, "fail", "1 check fails",
        ["sql: port 5432 refused"] if ready is Status.FAIL else [], 100, [check, muted],
        [ServiceReport("web", running=True, state="active", pid=3, restarts=1, since=now - 9,
                       summary="")],
        [], [], ProbeReport("0.0.0.0", 8086, 5, 1.0, alive=True),
    )  # fmt: skip
    return msgspec.structs.replace(whole, **more)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path, "shop")
    for folder in (layout.etc, layout.run, layout.agent_state, layout.data, layout.logs):
        folder.mkdir(parents=True)
    layout.manifest.write_text(MANIFEST)
    return layout


def put(layout: Layout, what: StatusReport) -> None:
    layout.status.write_bytes(msgspec.json.encode(what))


def call(layout: Layout, *argv: str, running: bool = True) -> Result:
    """One command, with an agent that holds its lock or without one."""
    if running:
        with lock.exclusive(layout.daemon_lock, purpose="agent"):
            return call(layout, *argv, running=False)
    return CliRunner().invoke(program, ["--root", str(layout.root), *argv])


def code_of(result: Result) -> str:
    assert isinstance(result.exception, CaretakerError), result.output
    return result.exception.code


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_explains_itself(verb: str) -> None:
    result = CliRunner().invoke(program, [verb, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


def test_a_misspelt_verb_is_told(layout: Layout) -> None:
    result = call(layout, "stauts")
    assert result.exit_code == 2
    assert 'did you mean "status"?' in result.output


def test_without_an_appliance_the_next_command_is_told(tmp_path: Path) -> None:
    result = call(Layout(tmp_path), "status", running=False)
    assert code_of(result) == "not-set-up"


def test_status_on_one_screen(layout: Layout) -> None:
    put(layout, report(ready=Status.FAIL))
    result = call(layout, "status")
    assert result.exit_code == 6
    assert "because sql: port 5432 refused" in result.output
    assert "not judged: sql fails" in result.output
    assert "web              active for 9 s, pid 3, 1 restart" in result.output
    assert "\x1b" not in result.output, "neither colours without a terminal, nor a log's own"


def test_a_report_that_somebody_forged_steers_no_terminal(layout: Layout) -> None:
    good = report()
    escape = "\x1b]0;x\x07\x1b[2J"
    forged = msgspec.structs.replace(
        good,
        checks=[msgspec.structs.replace(good.checks[0], name=escape, since=1e300)],
        services=[msgspec.structs.replace(good.services[0], name=escape, state=escape)],
        modes=[ModeReport(escape, escape, 0.0, 1e300)],
        events=[EventReport(1e300, escape, escape, escape)],
        probe=msgspec.structs.replace(good.probe, address=escape),
    )
    put(layout, forged)
    with lock.exclusive(layout.daemon_lock, purpose="agent"):
        arguments = ["--root", str(layout.root), "status"]
        result = CliRunner().invoke(program, arguments, color=True)
    assert result.exit_code == 0, result.output
    assert "\x1b]" not in result.output
    assert "\x1b[2J" not in result.output
    assert "at no time we know" in result.output
    error = MachineError("daemon-unreachable", f"one{escape}\ntwo", hint=escape)
    assert "\x1b" not in _said(error)


def _said(error: CaretakerError) -> str:
    @click.command()
    def say() -> None:
        say_error(error)

    return CliRunner().invoke(say).output


def test_a_pipe_in_place_of_the_lock_holds_nobody_up(layout: Layout) -> None:
    put(layout, report())
    os.mkfifo(layout.daemon_lock)
    assert call(layout, "status", running=False).exit_code == 4


def test_status_of_a_silent_agent_says_so(layout: Layout) -> None:
    assert "never reported" in call(layout, "status").output
    put(layout, report(age=300))
    result = call(layout, "status")
    assert result.exit_code == 4
    assert "the agent does not report; below is what it knew 5 min ago" in result.output


def test_a_dead_agent_is_told_at_once_by_its_free_lock(layout: Layout) -> None:
    put(layout, report())
    layout.daemon_lock.touch()
    assert call(layout, "status", running=False).exit_code == 4
    result = call(layout, "health", running=False)
    assert result.exit_code == 4
    assert "unknown, the agent does not report" in result.output


def test_status_as_json_is_the_report(layout: Layout) -> None:
    put(layout, report())
    told = json.loads(call(layout, "status", "--json").output)
    assert told["report"]["ready"] == "pass"
    assert told["report"]["checks"][0]["name"] == "sql"


@pytest.mark.parametrize(
    ("ready", "age", "status"),
    [(Status.PASS, 0, 0), (Status.WARN, 0, 0), (Status.FAIL, 0, 6), (Status.PASS, 300, 4)],
)
def test_health_ends_with_the_verdict(
    layout: Layout, ready: Status, age: float, status: int
) -> None:
    put(layout, report(ready=ready, age=age))
    assert call(layout, "health").exit_code == status
    assert call(layout, "health", "--level", "live").exit_code == (4 if age else 0)


def test_health_waits_no_longer_than_asked(layout: Layout) -> None:
    begun = Clock().monotonic()
    assert call(layout, "health", "--wait", "300ms").exit_code == 4
    assert 0.3 <= Clock().monotonic() - begun < 2


@pytest.mark.parametrize("length", ["5", "soon", "-3s", ""])
def test_a_length_of_time_needs_a_unit(layout: Layout, length: str) -> None:
    result = call(layout, "health", "--wait", length)
    assert result.exit_code == 2
    assert "no duration" in result.output


def test_the_ledger_shows_newest_last(layout: Layout) -> None:
    assert "nothing was done" in call(layout, "ledger").output
    ledger = Ledger(layout.ledger, Clock())
    ledger.write("setup", why="first run", actor="root", seconds=1.25)
    Ledger(layout.agent_ledger, Clock()).write("drain", outcome="failed")
    lines = call(layout, "ledger").output.splitlines()
    assert "setup: done in 1.2 s – first run  (root)" in lines[0]
    assert "drain: failed" in lines[1]
    assert json.loads(call(layout, "ledger", "--json").output.splitlines()[0])["act"] == "setup"
    assert "nothing" in call(layout, "ledger", "--since", "0s").output


def test_a_ledger_in_a_closed_folder_is_an_error_with_the_way_to_read_it(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, wait: float) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    # What opening does below a folder of mode 0700.
    monkeypatch.setattr(sqlite, "_open_to_read", closed)
    error = CliRunner().invoke(program, ["--root", str(layout.root), "ledger"]).exception
    assert isinstance(error, CaretakerError)
    assert error.exit_status == 4
    assert error.hint == "sudo caretaker ledger"


def test_logs_show_the_end_of_a_file(layout: Layout) -> None:
    assert "nothing was logged yet" in call(layout, "logs", "web").output
    (layout.logs / "web.log").write_text("".join(f"line {n}\n" for n in range(50_000)))
    assert call(layout, "logs", "web", "-n", "2").output == "line 49998\nline 49999\n"
    assert code_of(call(layout, "logs", "wbe")) == "service-unknown"


@pytest.mark.real
@pytest.mark.parametrize(
    "argv", [("drain",), ("undrain",), ("maintenance", "off"), ("restart", "web"), ("reload",)]
)
def test_acts_without_an_agent_say_how_to_start_it(layout: Layout, argv: tuple[str, ...]) -> None:
    result = call(layout, *argv)
    assert code_of(result) == "daemon-unreachable"


def test_stop_of_what_does_not_run_is_no_error(layout: Layout) -> None:
    result = call(layout, "stop", running=False)
    assert (result.exit_code, result.output) == (0, "it does not run\n")


def test_a_checked_manifest(tmp_path: Path) -> None:
    file = tmp_path / "appliance.toml"
    assert CliRunner().invoke(program, ["init", str(tmp_path)]).exit_code == 0
    result = CliRunner().invoke(program, ["manifest", "check", str(file)])
    assert "is right: myapp 1.0.0, 1 service, 2 checks" in result.output
    assert code_of(CliRunner().invoke(program, ["init", str(tmp_path)])) == "usage"
    file.write_text(STARTER + "[chekcs]\n")
    result = CliRunner().invoke(program, ["manifest", "check", str(file), "--json"])
    assert result.exit_code == 3
    assert json.loads(result.output)["mistakes"][0]["key"] == "chekcs"


def test_the_starter_is_right_also_with_every_comment_taken_off() -> None:
    assert parse(STARTER).appliance.name == "myapp"
    bare = []
    for line in STARTER.splitlines():
        inner = line.removeprefix("# ")
        looks_like_toml = inner != line and ("=" in inner.split("#")[0] or inner.startswith("["))
        bare.append(inner if looks_like_toml else line)
    assert "api-key" in tomllib.loads("\n".join(bare))["secrets"]
    parse("\n".join(bare))


@pytest.mark.parametrize("key", ["probe.port", "checks.http", "checks.http.url", "fall", "tcp"])
def test_a_key_is_explained(key: str) -> None:
    result = CliRunner().invoke(program, ["manifest", "explain", key])
    assert result.exit_code == 0
    assert "default:" in result.output


def test_the_schema_holds_the_example_of_a_check() -> None:
    schema = json.loads(CliRunner().invoke(program, ["manifest", "schema"]).output)
    checks = schema["properties"]["checks"]["additionalProperties"]["oneOf"]
    assert {"unit", "http", "lock"} <= {check["properties"]["type"]["const"] for check in checks}
    assert schema["additionalProperties"] is False


def test_words_for_people() -> None:
    assert [span(s) for s in (None, 0.2, 119, 121, 7200, 200000)] == [
        "never", "0 s", "119 s", "2 min", "2 h", "2 days",
    ]  # fmt: skip
    assert [size(b) for b in (5, 2048, 3 << 40)] == ["5 B", "2.0 KiB", "3.0 TiB"]
    assert plain("a\x1b[0m\nb") == "a�[0m�b"


def test_a_person_who_wants_no_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    error = MachineError("file-unwritable", "no room")

    @click.command()
    def told() -> None:
        click.secho("green", fg="green")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for wanted, escapes in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", wanted)
        screen = Terminal()
        with monkeypatch.context() as patched, click.Context(program) as context:
            patched.setattr(sys, "stdout", screen)
            patched.setattr(sys, "stderr", screen)
            assert program.callback is not None
            context.invoke(program.callback, root=Path("/"))
            context.invoke(told)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", screen)
            say_error(error)
        assert screen.getvalue().count("\x1b[") == (4 if escapes else 0)
