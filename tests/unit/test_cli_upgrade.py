"""`caretaker upgrade`, `rollback` and `releases`: what they print, ask and end with."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.change.change import Outcome
from agent.change.request import RollbackRequest, UpgradeRequest
from agent.cli import bars, changing
from agent.cli.program import program
from agent.cli.progress import JsonLines, Lines, amount
from agent.errors import BusyError, CaretakerError, RefusedError, RolledBackError, UsageError
from agent.host import clock, permissions
from agent.progress import Progress
from bench.bundles.vendor import Vendor, open_vendor
from tests.scripted_host import ScriptedClock
from tests.unit.upgrade_world import Shop, shop

DONE = Outcome(
    changed=True, deployment=2, version="1.1", before=1, downtime=2.34, seconds=5.0,
    flip=0.001, how="copy",
)  # fmt: skip


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Vendor:
    return open_vendor(tmp_path_factory.mktemp("vendor") / "shop")


@pytest.fixture
def here(root: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = shop(root, vendor, monkeypatch)
    monkeypatch.setattr(permissions, "why_not_as_root", lambda folder: "")
    for module in ("upgrade", "rollback"):
        monkeypatch.setattr(f"agent.cli.{module}.open_scene", lambda *_: made.now())
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been asked for; it ends well."""
    seen: list[Any] = []

    def ask_for(request: Any, layout: Any, *, progress: Progress) -> Outcome:
        seen.append(request)
        progress.step("stop", "stop 1.0")
        progress.advance(1, 2, "bytes")
        progress.note("well")
        return DONE

    monkeypatch.setattr(changing, "ask_for", ask_for)
    return seen


def caretaker(here: Shop, *words: str, said: str = "") -> Result:
    runner = CliRunner()
    return runner.invoke(program, ["--root", str(here.layout.root), *words], input=said)


def typed(here: Shop) -> str:
    return f"caretaker --root {here.layout.root}"


def error_of(done: Result) -> CaretakerError:
    assert isinstance(done.exception, CaretakerError)
    return done.exception


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True)


def test_the_plan_is_told_and_nothing_is_asked_for(here: Shop, asked: list[Any]) -> None:
    bundle = here.bundle("1.1", toml='notes = "Faster."\n')
    done = caretaker(here, "upgrade", str(bundle), "--plan")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[:2] == ["upgrade Shop 1.0 to 1.1", "  Faster."]
    assert re.search(r"^  1   unpack 1.1 beside 1.0 +\d+\.\d KiB; read back", done.stdout, re.M)
    assert re.search(r"^  2 ▪ send traffic away and stop 1.0$", done.stdout, re.M)
    assert "migrations none" in lines
    assert any(line.startswith("downtime   not known: ") for line in lines)
    assert any(line.startswith("back       caretaker rollback, to deployment 1") for line in lines)
    assert asked == []


def test_the_plan_as_json(here: Shop) -> None:
    done = caretaker(here, "upgrade", str(here.bundle("1.1")), "--plan", "--json")
    plan = json.loads(done.stdout)
    assert (plan["version"], plan["refusals"], plan["nothing"]) == ("1.1", [], False)
    assert plan["steps"][0]["code"] == "stage"


def test_a_plan_that_can_t_begin_exits_as_the_act_would(here: Shop) -> None:
    done = caretaker(here, "upgrade", str(here.bundle("0.9")), "--plan")
    assert done.exit_code == 7
    done = caretaker(
        here, "upgrade", str(here.bundle("2.0", toml='minimum_from = "1.5"')), "--plan"
    )
    assert done.exit_code == 7
    assert "upgrades from 1.5 on" in done.stdout
    assert "1 reason: it can't begin" in done.stdout


def test_with_yes_it_is_made_and_told(here: Shop, asked: list[Any]) -> None:
    bundle = here.bundle("1.1")
    done = caretaker(here, "upgrade", str(bundle), "--yes")
    assert done.exit_code == 0, done.output
    assert asked == [UpgradeRequest(bundle=str(bundle.absolute()))]
    lost = "What is written from now on would be lost by that"
    assert done.stdout.splitlines() == [
        "1.1 runs and is healthy.",
        "It was down for 2.34 s of 5.00 s in all; its data was cloned by copy.",
        f"To go back, data and all: {typed(here)} rollback  (to deployment 1)",
        f"{lost}; after 24 h it takes --accept-data-loss.",
    ]
    assert "stop 1.0" in done.stderr
    assert "  well" in done.stderr


def test_json_all_along(here: Shop, asked: list[Any]) -> None:
    done = caretaker(here, "upgrade", str(here.bundle("1.1")), "--yes", "--json")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.get("progress") for each in said] == ["step", "advance", "note", None]
    assert said[-1]["outcome"]["downtime"] == 2.34


def test_nobody_there_to_be_asked(here: Shop, asked: list[Any]) -> None:
    bundle = here.bundle("1.1")
    for words in (["--older"], ["--json"], []):
        error = error_of(caretaker(here, "upgrade", str(bundle), *words))
        assert isinstance(error, UsageError)
        older = [word for word in words if word == "--older"]
        assert error.hint == " ".join([typed(here), "upgrade", str(bundle), *older, "--yes"])
    assert asked == []


@pytest.mark.parametrize(("answer", "made"), [("y\n", 1), ("n\n", 0), ("\n", 0)])
def test_a_person_is_asked(
    here: Shop, asked: list[Any], monkeypatch: pytest.MonkeyPatch, answer: str, made: int
) -> None:
    at_a_terminal(monkeypatch)
    done = caretaker(here, "upgrade", str(here.bundle("1.1")), said=answer)
    assert len(asked) == made
    assert "upgrade Shop 1.0 to 1.1" in done.stderr
    assert "Upgrade to 1.1?" in done.stderr
    assert done.exit_code == (0 if made else 1)


def test_answers_reach_the_request(here: Shop, asked: list[Any]) -> None:
    question = '[settings.region]\ntitle = "Which region?"\nrequired = true\n'
    bundle = here.bundle("1.1", more=question)
    error = error_of(caretaker(here, "upgrade", str(bundle), "--yes"))
    assert error.message == "1.1 asks: Which region?"
    caretaker(here, "upgrade", str(bundle), "--yes", "--set", "region=eu=1")
    assert asked[0].answers == {"region": "eu=1"}
    assert "NAME=ANSWER" in error_of(caretaker(here, "upgrade", str(bundle), "--set", "x")).message


def test_what_runs_already_is_no_error(here: Shop, asked: list[Any]) -> None:
    bundle = here.bundle("1.1")
    here.upgrade(bundle)
    done = caretaker(here, "upgrade", str(bundle), "--yes")
    assert (done.exit_code, done.stdout, asked) == (0, "1.1 runs here already\n", [])


@pytest.mark.parametrize(
    "ends",
    [
        RolledBackError(
            "rolled-back", "web never got ready; 1.0 runs again", hint="caretaker logs"
        ),
        BusyError("lock-held", "another change is at work", hint="caretaker ledger"),
        RefusedError("refused", "1.1 runs here already", hint="caretaker releases"),
    ],
)
def test_a_failure_says_why_and_what_to_type(
    here: Shop, monkeypatch: pytest.MonkeyPatch, ends: CaretakerError
) -> None:
    def ask_for(*_: Any, **__: Any) -> Outcome:
        raise ends

    monkeypatch.setattr(changing, "ask_for", ask_for)
    done = caretaker(here, "upgrade", str(here.bundle("1.1")), "--yes")
    assert error_of(done) is ends


def test_resume_is_never_needed_and_says_so(here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Outcome | None] = [None, DONE]
    monkeypatch.setattr(changing, "ask_for", lambda *_, **__: ended.pop(0))
    assert "nothing is under way" in caretaker(here, "upgrade", "resume").stdout
    assert "1.1 runs and is healthy." in caretaker(here, "upgrade", "resume").stdout


def test_rollback(here: Shop, asked: list[Any]) -> None:
    assert error_of(caretaker(here, "rollback", "--yes")).code == "release-unknown"
    here.upgrade(here.bundle("1.1"))
    done = caretaker(here, "rollback", "--plan")
    assert done.exit_code == 0
    assert "Shop: back from 1.1 to 1.0" in done.stdout
    assert re.search(r"^lost       ", done.stdout, re.M)
    assert "Go back to" not in done.stdout
    assert error_of(caretaker(here, "rollback")).hint == f"{typed(here)} rollback --yes"
    assert caretaker(here, "rollback", "--yes").exit_code == 0
    caretaker(here, "rollback", "--to", "1", "--accept-data-loss", "--yes")
    assert asked == [RollbackRequest(), RollbackRequest(to=1, accept_data_loss=True)]
    assert "is active already" in caretaker(here, "rollback", "--to", "2").stdout


def test_releases(here: Shop) -> None:
    here.upgrade(here.bundle("1.1", toml='supported_until = "2028-12-31"\n'))
    done = caretaker(here, "releases")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert re.match(r"   2  1.1 +active +\d{4}-\d\d-\d\d .* 2028-12-31 +4 B", lines[1])
    assert re.match(r"   1  1.0 +previous +.* - +4 B", lines[2])
    said = json.loads(caretaker(here, "releases", "--json").stdout)
    assert [each["standing"] for each in said["deployments"]] == ["active", "previous"]
    assert said["unpacked"] == []


def test_who_is_not_root_is_told_on_a_vm(monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.layout import Layout

    monkeypatch.setattr(changing, "is_root", lambda: False)
    with pytest.raises(RefusedError) as caught:
        changing.only_who_may(Layout(Path("/"), "shop"), ["rollback"])
    assert caught.value.hint == "sudo caretaker rollback"
    with pytest.raises(RefusedError, match="a plan looks at all of the data") as caught:
        changing.only_who_may(Layout(Path("/"), "shop"), ["rollback", "--plan"])
    assert caught.value.hint == "sudo caretaker rollback --plan"


def test_lines_of_a_long_step_are_few(capsys: pytest.CaptureFixture[str]) -> None:
    ticking = ScriptedClock()
    for shown in (Lines(ticking), JsonLines(ticking)):
        shown.step("data", "clone \x1b[31m")
        for done in range(1000):
            ticking.advance(0.015625)
            shown.advance(done, 1000, "bytes")
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "clone \N{REPLACEMENT CHARACTER}[31m",
        "  clone \N{REPLACEMENT CHARACTER}[31m: 319 B of 1000 B",
        "  clone \N{REPLACEMENT CHARACTER}[31m: 639 B of 1000 B",
        "  clone \N{REPLACEMENT CHARACTER}[31m: 959 B of 1000 B",
    ]
    assert len(captured.out.splitlines()) == 17
    assert "\x1b" not in captured.out + captured.err


def test_a_log_is_not_filled_by_what_stands_still(capsys: pytest.CaptureFixture[str]) -> None:
    ticking = ScriptedClock()
    lines = Lines(ticking)
    lines.step("gate", "3 good verdicts")
    for _ in range(300):
        ticking.advance(0.5)
        lines.advance(0, 3, "items")
    assert capsys.readouterr().err.splitlines() == [
        "3 good verdicts",
        "  3 good verdicts: 0 of 3",
        "  3 good verdicts: 0 of 3",
    ]


def test_a_bar_leaves_a_line_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    shown = bars.Bars(clock.Clock())
    shown.step("stop", "stop [1.0]")
    shown.advance(1, 2, "items")
    shown.note("a [note]")
    shown.step("data", "clone")
    shown.close(well=False)
    said = capsys.readouterr().err
    assert "stop [1.0]" in said
    assert "a [note]" in said
    assert "✖ clone" in said


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (lambda: amount(1 << 20, 1 << 30, "bytes"), "1.0 MiB of 1.0 GiB"),
        (lambda: amount(1 << 20, 0, "bytes"), "1.0 MiB"),
        (lambda: amount(1200, 0, "rows"), "1,200 rows"),
        (lambda: amount(3, 12, "files"), "3 of 12 files"),
        (lambda: amount(3, 12, "seconds"), "3 s of 12 s"),
    ],
)
def test_amounts(said: Callable[[], str], told: str) -> None:
    assert said() == told


WRITING = re.compile(
    r"^open(?:at|at2)?\(.*(?:O_WRONLY|O_RDWR|O_CREAT|O_TRUNC)"
    r"|^(?:creat|f?truncate|mkdir|mknod|rename|unlink|rmdir|link|symlink|f?chmod|[fl]?chown|utime)"
    r"|^(?:f|l)?setxattr|^fallocate"
)


@pytest.mark.real
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("verb", ["upgrade", "rollback", "releases"])
def test_the_kernel_saw_a_plan_write_nothing(
    root: Path, vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The whole program, its preflight and the trust store included."""
    made = shop(root, vendor, monkeypatch)
    first = made.bundle("1.1")
    made.upgrade(first)
    (made.layout.data / "order").write_text("sold")
    words = {
        "upgrade": ["upgrade", str(made.bundle("1.2")), "--plan", "--json"],
        "rollback": ["rollback", "--plan", "--json"],
        "releases": ["releases", "--json"],
    }[verb]
    trace = tmp_path / "trace"
    argv = [
        *("strace", "-f", "-y", "-s", "4096", "-e", "trace=%file,%desc", "-o", str(trace)),
        *(sys.executable, "-B", "-m", "agent", "--root", str(root), *words),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=100, env={**os.environ})
    assert done.returncode in (0, 4, 7), done.stderr
    assert json.loads(done.stdout)
    lines = [line.partition(" ")[2].strip() for line in trace.read_text().splitlines()]
    here = f"{root}/"
    assert any("O_RDONLY" in line and here in line for line in lines)
    into = re.compile(rf"^p?write\w*\(\d+<{re.escape(here)}")
    assert [x for x in lines if (here in x and WRITING.search(x)) or into.search(x)] == []


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.cli.upgrade._rehearse", lambda *_, **__: None)


def test_a_rehearsal_needs_nobody_to_be_asked(
    here: Shop, asked: list[Any], rehearsed: None
) -> None:
    bundle = here.bundle("1.1")
    done = caretaker(here, "upgrade", str(bundle), "--rehearse")
    assert done.exit_code == 0, done.output
    said = f"Nothing was changed. To upgrade: {typed(here)} upgrade {bundle}\n"
    assert (done.stdout, asked) == (said, [])
    assert caretaker(here, "upgrade", str(bundle), "--rehearse", "--json").exit_code == 0
    assert asked == []


def test_a_log_has_each_step_once(here: Shop, asked: list[Any]) -> None:
    done = caretaker(here, "upgrade", str(here.bundle("1.1")), "--yes")
    assert "disk  " in done.stderr
    assert done.stderr.count("stop 1.0") == 1


def test_at_a_terminal_no_line_is_wider_than_it(
    here: Shop, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "80")
    plan = caretaker(here, "upgrade", str(here.bundle("1.1")), "--plan").stdout
    assert "compared" in plan
    assert "  2 ▪ send traffic away and stop 1.0\n" in plan
    assert "  1   unpack 1.1 beside 1.0 " in plan
    assert "migrations none\n" in plan
    wide = [line for line in plan.splitlines() if len(line) > 80]
    assert [line for line in wide if str(here.layout.root) not in line] == []


def test_resume_waits_for_what_is_under_way(here: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[Any] = [BusyError("lock-held", "another change is at work"), None]

    def ask_for(*_: Any, **__: Any) -> Outcome | None:
        if ends[0] is None:
            return None
        raise ends.pop(0)

    monkeypatch.setattr(changing, "ask_for", ask_for)
    done = caretaker(here, "upgrade", "resume")
    assert done.stdout == "nothing is under way; 1.0 is installed: caretaker releases\n"
    assert "waiting for the change" in done.stderr


def test_who_stops_watching_is_told_that_it_goes_on(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask_for(*_: Any, **__: Any) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setattr(changing, "ask_for", ask_for)
    done = caretaker(here, "upgrade", str(here.bundle("1.1")), "--yes")
    assert done.exit_code == changing.INTERRUPTED
    assert "Aborted" not in done.output
