"""Asking for an upgrade of the system and following it; words on a terminal; a long program."""

from pathlib import Path

import msgspec
import pytest

from agent.cli.os_words import outcome_lines, plan_lines, status_lines
from agent.errors import BusyError, MachineError, RefusedError
from agent.host import uncut
from agent.layout import Layout
from agent.patching.ask import follow, start
from agent.patching.plan import OsPlan
from agent.patching.record import Simulated, Stale, Standing, Support, Update
from agent.patching.request import UNIT, Line, OsOutcome, OsRequest, progress_path, request_file
from tests.scripted_host import NOW, ScriptedHost, scripted_host, unit


@pytest.fixture
def host(tmp_path: Path) -> ScriptedHost:
    return scripted_host(tmp_path)


@pytest.fixture
def layout(host: ScriptedHost) -> Layout:
    return Layout(host.root, "shop")


def test_asking_hands_over_a_request_and_follows(host: ScriptedHost, layout: Layout) -> None:
    machine = Layout(Path("/"), "shop")
    request = OsRequest(id="7", actor="root")
    with pytest.raises(RefusedError):
        start(layout, host, request)
    host.systemd.units[UNIT] = unit(UNIT, active="activating")
    with pytest.raises(BusyError, match="under way"):
        start(machine, host, request)
    layout.os_run.mkdir(parents=True)
    lines = [
        Line(id="6", end=OsOutcome()), Line(id="7", step="plan", title="Plan"),
        Line(id="7", end=OsOutcome(seconds=3.0)),
    ]  # fmt: skip
    text = b"\n".join([b"nonsense", *(msgspec.json.encode(each) for each in lines), b""])
    progress_path(layout).write_bytes(text)
    told = list(follow(layout, host, request))
    assert [each.step for each in told] == ["plan", ""]
    assert told[-1].end == OsOutcome(seconds=3.0)


def test_a_run_that_was_cut_short_is_told(host: ScriptedHost, layout: Layout) -> None:
    request = OsRequest(id="7", actor="root")
    layout.os_run.mkdir(parents=True)
    with pytest.raises(MachineError, match="cut short"):
        list(follow(layout, host, request))
    request_file(layout).save(request)
    assert request_file(layout).path.stat().st_mode & 0o777 == 0o600


@pytest.mark.real
def test_a_program_outlives_who_waits_too_long(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = uncut.run(["sh", "-c", "echo E: no way; echo later; exit 3"], log=log, longest=10)
    assert (done.status, done.reason) == (3, "E: no way")
    left = uncut.run(["sh", "-c", f"sleep 0.4; touch {tmp_path}/end"], log=log, longest=0.05)
    assert left.status is None
    assert "no end after" in left.reason
    for _ in range(100):
        if (tmp_path / "end").exists():
            break
        uncut.run(["sleep", "0.05"], log=log, longest=5)
    assert (tmp_path / "end").exists()
    assert uncut.run(["no-such-program"], log=log, longest=5).status == 127


def test_words_of_plan_and_outcome_steer_no_terminal() -> None:
    bad = "\x1b[2J"
    update = Update(name="ssl", before="1", after=f"2{bad}", origin=bad, fix="2")
    found = Simulated(updates=(update,), kept=(bad,))
    plan = OsPlan(scope="usual", found=found, known=1.0, mend=(bad,), missing=(bad,), health=bad,
                  affected=(Stale(unit=bad),))  # fmt: skip
    outcome = OsOutcome(mended=(bad,), restarted=(bad,), waiting=(bad,), health=bad, reboot=(bad,))
    support = Support(system=bad, until=bad)
    standing = Standing(at=NOW, manager="apt", updates=(update,), reboot=(bad,), held=(bad,),
                        support=support, unseen=(bad,), interrupted=(bad,))  # fmt: skip
    for lines in (
        plan_lines(plan, NOW),
        outcome_lines(outcome, reboot_asked=False),
        status_lines(standing, every=True),
    ):
        assert bad not in "\n".join(lines)
