"""Remedies for real, where there is no systemd: the daemon asks, a child acts, the check passes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.layout import Layout
from agent.ledger import Entry, read_ledgers
from agent.remedies.memory import Memory, read_memory
from tests.unit.daemon_process import REPOSITORY, DaemonProcess, file_check

pytestmark = pytest.mark.real

OFF = '[remediation]\noff = ["paths"]\n'  # which would put this bare root in order
REMEDY = '[remedies.touch]\nchecks = ["flag"]\ncommand = {command}\n{more}'


def remedy(*command: str, more: str = "") -> str:
    return REMEDY.format(command=json.dumps(command), more=more)


@pytest.fixture
def flag(root: Path) -> Path:
    path = root / "flag"
    path.touch()
    return path


@pytest.fixture
def daemon(root: Path, flag: Path) -> Iterator[DaemonProcess]:
    (root / "var/lib/caretaker").mkdir(parents=True)
    made = DaemonProcess(root, file_check("flag", flag) + remedy("/bin/touch", str(flag)), more=OFF)
    yield made
    made.kill()


def one_shot(root: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agent.remedies", "--root", str(root), *words],
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def run(root: Path, *words: str) -> tuple[int, str]:
    child = one_shot(root, *words)
    _, said = child.communicate(timeout=60)
    return child.returncode, said


def caretaker(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent", "--root", str(root), "remedies", *words],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def memory(root: Path) -> Memory:
    found = read_memory(Layout(root).remedies)
    assert found is not None
    return found


def entries(root: Path) -> list[Entry]:
    return [e for e in read_ledgers([Layout(root).ledger]) if e.act.startswith("remedy ")]


def test_the_daemon_has_a_fault_mended_and_the_balancer_hears_of_it(
    daemon: DaemonProcess, flag: Path
) -> None:
    with daemon.running():
        daemon.says(200, "pass")
        flag.unlink()
        daemon.says(503)
        daemon.says(200, "pass")
        [entry] = [each for each in entries(daemon.root) if each.target == "touch"]
        assert (entry.act, entry.target, entry.outcome, entry.actor) == (
            "remedy touch", "touch", "done", "agent",
        )  # fmt: skip
        report = daemon.until(lambda: (report := daemon.report()).get("remedies") and report)
        assert report["remedies"] == {"touch": {"done": 1}}
        assert "remedy touch" in [event["what"] for event in report["events"]]


def test_safe_mode_is_a_warning_until_a_person_resets_it(daemon: DaemonProcess, flag: Path) -> None:
    remedies = remedy("/bin/false", more="attempts = 1\n")
    daemon.declare(file_check("flag", flag) + remedies, more=OFF)
    with daemon.running():
        daemon.says(200, "pass")
        flag.unlink()
        daemon.says(503)
        report = daemon.until(lambda: (report := daemon.report()).get("safe_mode") and report)
        assert [(each["remedy"], each["target"]) for each in report["safe_mode"]] == [
            ("touch", "touch")
        ]
        assert any("caretaker remedies reset touch touch" in note for note in report["notes"])
        flag.touch()
        daemon.says(200, "warn")
        report = daemon.until(
            lambda: (report := daemon.report()).get("reason") == "safe-mode" and report
        )
        assert (report["ready"], report["weight"], report["live"]) == ("warn", 100, "pass")
        assert "caretaker remedies reset touch touch" in report["summary"]
        done = caretaker(daemon.root, "reset", "touch")
        assert (done.returncode, done.stderr) == (0, "")
        assert "out of safe mode" in done.stdout
        daemon.says(200, "pass", within=20)


def test_one_that_was_killed_in_the_middle_has_counted_and_the_next_run_converges(
    root: Path, daemon: DaemonProcess, flag: Path
) -> None:
    begun = root / "begun"
    slow = remedy("/bin/sh", "-c", f"echo $$ > {begun}; sleep 30 && touch {flag}")
    daemon.declare(file_check("flag", flag) + slow, more=OFF)
    flag.unlink()
    child = one_shot(root, "run", "touch")
    daemon.until(lambda: begun.exists() and begun.read_text().strip())
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=10)
    os.killpg(int(begun.read_text()), signal.SIGKILL)  # its program has a session of its own
    record = memory(root).targets["touch"]["touch"]
    assert (record.acting, record.streak, len(record.acts)) == (True, 1, 1)
    assert entries(root) == []

    daemon.declare(file_check("flag", flag) + remedy("/bin/touch", str(flag)), more=OFF)
    status, said = run(root, "run", "touch")
    assert (status, "waits" in said) == (5, True), said
    [entry] = entries(root)
    assert (entry.outcome, "broken off" in entry.why) == ("failed", True)
    done = caretaker(root, "run", "touch")
    assert (done.returncode, flag.exists()) == (0, True), done.stderr
    assert memory(root).targets["touch"]["touch"].acts == ()
    assert run(root, "run", "touch")[0] == 0


def test_one_at_a_time(root: Path, daemon: DaemonProcess, flag: Path) -> None:
    slow = remedy("/bin/sh", "-c", f"sleep 2 && touch {flag}")
    daemon.declare(file_check("flag", flag) + slow, more=OFF)
    flag.unlink()
    children = [one_shot(root, "run", "touch") for _ in range(4)]
    ended = sorted((child.communicate(timeout=60), child.returncode)[1] for child in children)
    assert ended == [0, 5, 5, 5]
    assert len(entries(root)) == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("run", "nothing"), 2, "there is no remedy"),
        (("run",), 2, "usage:"),
        (("boot", "now"), 2, "usage:"),
        (("boot",), 0, ""),
        (("run", "touch"), 0, "nothing is wrong"),
    ],
)
def test_the_one_shots_ends_have_a_meaning(
    daemon: DaemonProcess, words: tuple[str, ...], status: int, said: str
) -> None:
    ended, told = run(daemon.root, *words)
    assert ended == status, told
    assert said in told


def test_boot_never_fails(root: Path) -> None:
    assert run(root, "boot")[0] == 0, "there is no manifest"
    assert run(root, "run", "x")[0] == 3
    (root / "etc/caretaker").mkdir(parents=True)
    (root / "etc/caretaker/appliance.toml").write_text("[")
    assert run(root, "boot")[0] == 0


SERVICE = '[services.web]\ncommand = ["/bin/sh", "-c", "echo start >> {root}/log; sleep 600"]\n'


def test_services_start_after_the_remedies_of_boot_and_can_be_had_restarted(
    root: Path, flag: Path
) -> None:
    (root / "var/lib/shop/active/state").mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path; from agent.services.remote import Remote;"
        "from agent.manifest.reader import parse; from agent.host.machine import Host;"
        "from agent.layout import Layout; layout = Layout(Path(sys.argv[1]), 'shop');"
        "there = Remote(parse(layout.manifest.read_text()), layout, Host());"
        "there.restart('web'); print(there.state('web').state, len(there.pids('web')))"
    )
    daemon = DaemonProcess(
        root, file_check("flag", flag) + SERVICE.replace("{root}", str(root)), more=OFF
    )
    log = root / "log"
    with daemon.running():
        daemon.says(200, "pass")
        daemon.until(log.exists)
        done = subprocess.run(
            [sys.executable, "-c", code, str(root)],
            cwd=REPOSITORY, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.stderr, done.stdout.split()[0]) == ("", "active")
        assert log.read_text().split() == ["start", "start"]
