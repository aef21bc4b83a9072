"""A real daemon: coming up, telling the truth, changing its mind, going down."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.history import newest_changes
from agent.layout import Layout
from tests.unit.daemon_process import DaemonProcess, file_check

pytestmark = pytest.mark.real


@pytest.fixture
def flag(root: Path) -> Path:
    """The file that means health."""
    path = root / "flag"
    path.touch()
    return path


@pytest.fixture
def daemon(root: Path, flag: Path) -> Iterator[DaemonProcess]:
    made = DaemonProcess(root, file_check("flag", flag))
    yield made
    made.kill()


def test_it_comes_up_tells_the_truth_and_goes_down(daemon: DaemonProcess, flag: Path) -> None:
    with daemon.running():
        daemon.says(200, "pass")
        flag.unlink()
        daemon.says(503, "fail")
        assert daemon.ask("/livez")[0] == 200
        flag.touch()
        daemon.says(200)
        report = daemon.until(lambda: (report := daemon.report()).get("ready") == "pass" and report)
        assert report["checks"][0]["name"] == "flag"
        assert report["mode"] == "embedded"
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0
        assert daemon.ask() == (0, "")
    assert daemon.report()["reason"] == "stopping"
    verdicts = [json.loads(line)["verdict"] for line in daemon.lines('"(not )?ready:')]
    assert verdicts == ["pass", "fail", "pass", "fail"]


def test_one_line_a_change_and_none_a_look_or_probe(daemon: DaemonProcess, flag: Path) -> None:
    with daemon.running():
        daemon.says(200)
        daemon.until(lambda: daemon.lines('"ready: '))
        before = len(daemon.said().splitlines())
        for _ in range(50):
            assert daemon.ask()[0] == 200
        time.sleep(1.2)
        assert len(daemon.said().splitlines()) == before
        flag.unlink()
        daemon.says(503)
        daemon.until(lambda: daemon.lines('"not ready: '))
        assert len(daemon.said().splitlines()) == before + 2
    for line in daemon.said().splitlines():
        assert {"at", "level", "message"} <= json.loads(line).keys()


def test_without_an_appliance_it_says_so(root: Path) -> None:
    daemon = DaemonProcess(root)
    (root / "etc/caretaker/appliance.toml").unlink()
    with daemon.running():
        assert daemon.ended() == 3
    assert json.loads(daemon.said())["code"] == "not-set-up"


def test_a_mistake_in_the_manifest_names_its_line(daemon: DaemonProcess) -> None:
    daemon.declare('[checks.x]\ntype = "file"\npaht = "/x"\n')
    with daemon.running():
        assert daemon.ended() == 3
    assert "appliance.toml:12: checks.x.paht" in json.loads(daemon.said())["message"]


def test_there_is_one_daemon_a_root(daemon: DaemonProcess, root: Path) -> None:
    with daemon.running():
        daemon.says(200)
        second = DaemonProcess.__new__(DaemonProcess)
        second.root, second.port, second.log = root, daemon.port, root / "second.log"
        with second.running():
            assert second.ended() == 5
        assert json.loads(second.said())["code"] == "lock-held"
        assert daemon.ask()[0] == 200


def test_a_taken_port_is_told_by_its_number(daemon: DaemonProcess) -> None:
    with socket.create_server(("127.0.0.1", daemon.port)), daemon.running():
        assert daemon.ended() == 4
    told = json.loads(daemon.said())
    assert told["code"] == "port-taken"
    assert str(daemon.port) in told["message"]


def test_a_reload_keeps_what_is_known_and_takes_what_is_new(
    daemon: DaemonProcess, flag: Path, root: Path
) -> None:
    other = root / "other"
    with daemon.running():
        daemon.says(200)
        since = daemon.until(daemon.report)["checks"][0]["since"]
        daemon.declare(file_check("flag", flag) + file_check("other", other))
        daemon.signal(signal.SIGHUP)
        daemon.says(503)
        report = daemon.until(
            lambda: (
                len((report := daemon.report())["checks"]) == 2
                and report["ready"] == "fail"
                and report
            )
        )
        assert report["causes"] == [f"other: {report['checks'][1]['summary']}"]
        assert report["checks"][0]["since"] == pytest.approx(since, abs=0.5)
        daemon.declare(file_check("flag", flag))
        daemon.signal(signal.SIGHUP)
        daemon.says(200)
        daemon.until(lambda: len(daemon.lines("reload: done: 1 checks kept")) == 2)


def test_a_broken_manifest_changes_nothing_and_says_so(daemon: DaemonProcess) -> None:
    with daemon.running():
        daemon.says(200)
        daemon.declare("[checks.x]\n")
        daemon.signal(signal.SIGHUP)
        daemon.until(lambda: daemon.lines("reload: refused"))
        daemon.until(lambda: "refused" in " ".join(daemon.report()["notes"]))
        assert daemon.ask()[0] == 200
        time.sleep(1)
        assert daemon.ask()[0] == 200


def test_a_red_check_declared_otherwise_is_never_green_in_between(
    daemon: DaemonProcess, flag: Path
) -> None:
    flag.unlink()
    with daemon.running():
        daemon.says(503)
        daemon.until(lambda: daemon.ask()[1] == "fail")
        for number in range(5):
            daemon.declare(file_check("flag", flag, title=f'"{number}"'))
            daemon.signal(signal.SIGHUP)
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                assert daemon.ask()[0] == 503


def test_a_reload_asked_for_too_early_does_not_end_it(daemon: DaemonProcess) -> None:
    with daemon.running():
        daemon.says(503, "starting")
        daemon.signal(signal.SIGHUP)
        daemon.says(200)


def test_before_it_ends_it_drains(daemon: DaemonProcess, flag: Path) -> None:
    daemon.declare(file_check("flag", flag), drain="1s")
    with daemon.running():
        daemon.says(200)
        begun = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.says(503, "stopping", within=0.2)
        assert daemon.ask("/livez") == (200, "pass")
        assert daemon.ended() == 0
        assert 0.9 < time.monotonic() - begun < 2.5


def test_a_second_signal_cuts_the_drain_short(daemon: DaemonProcess, flag: Path) -> None:
    daemon.declare(file_check("flag", flag), drain="30s")
    with daemon.running():
        daemon.says(200)
        daemon.signal(signal.SIGTERM)
        daemon.says(503, "stopping")
        daemon.signal(signal.SIGTERM)
        assert daemon.ended(5) == 0


def test_a_service_that_ended_by_itself_stands_among_the_events(
    daemon: DaemonProcess, flag: Path
) -> None:
    sleeper = '[services.web]\ncommand = ["/bin/sleep", "1000"]\n'
    daemon.declare(file_check("flag", flag), more=sleeper)
    (daemon.root / "var/lib/shop/active/state").mkdir(parents=True)

    def pid() -> int:
        services = daemon.report().get("services", [])
        return int(services[0]["pid"]) if services and services[0]["running"] else 0

    def told() -> list[str]:
        events = daemon.report()["events"]
        return [event["why"] for event in events if event["what"] == "service-restart web"]

    with daemon.running():
        first = daemon.until(pid)
        os.kill(first, signal.SIGKILL)
        why = daemon.until(told)
        assert "SIGKILL" in why[0]
        # Seen at once, and not at the next beat.
        daemon.until(lambda: pid() not in (0, first), within=3)
        daemon.signal(signal.SIGTERM)
        assert daemon.ended() == 0


def test_it_starts_again_after_every_kill(daemon: DaemonProcess, root: Path) -> None:
    def kept() -> int:
        changes = newest_changes(Layout(root).history, limit=50)
        return sum(change.subject == "ready" for change in changes)

    for count in range(5):
        with daemon.running():
            daemon.says(200)
            daemon.until(lambda count=count: kept() > count)  # type: ignore[misc]
    with daemon.running():
        daemon.says(200)
        # What was kept before the kills is there again.
        daemon.until(lambda: [e["what"] for e in daemon.report()["events"]].count("ready") >= 3)


def test_it_goes_with_its_last_answer_when_it_is_killed(daemon: DaemonProcess) -> None:
    daemon.start()
    daemon.says(200)
    assert daemon.process is not None
    daemon.process.kill()
    daemon.until(lambda: daemon.ask() == (0, ""), within=2)
