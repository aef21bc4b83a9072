"""Services in trouble below a root of its own: a real daemon, its supervisor, and the one-shot that
asks back. Each scenario prints how long it took from the fault to 200 of /healthz.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import asking
from agent.host import children
from agent.host.network import Network
from agent.layout import Layout
from agent.ledger import Entry, read_ledgers
from tests.unit.daemon_process import QUICK, DaemonProcess, free_port

pytestmark = pytest.mark.real

# Answers "fine"; ends at once where it finds the file `broken` in its folder.
SERVER = """
import http.server, os, signal, subprocess, sys
if os.path.exists("broken"):
    sys.exit("cannot open the database")
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"fine")
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


class Appliance:
    """A daemon with the service `web`, and questions about both."""

    def __init__(self, root: Path, *words: str) -> None:
        self.layout = Layout(root, "shop")
        self.layout.data.mkdir(parents=True)
        (self.layout.data / "server.py").write_text(SERVER)
        port = free_port()
        argv = [sys.executable, "-I", "server.py", str(port), *words]
        quoted = ", ".join(f'"{word}"' for word in argv)
        service = f'[services.web]\ncommand = [{quoted}]\nstop_timeout = "500ms"\n'
        url = f"http://127.0.0.1:{port}/"
        answers = f'[checks.answers]\ntype = "http"\nurl = "{url}"\nrestart = "web"\n{QUICK}'
        unit = f'[checks.unit]\ntype = "unit"\nservice = "web"\n{QUICK}'
        self.daemon = DaemonProcess(
            root, answers + unit, more=f"[remediation]\nrestarts = 3\n{service}"
        )
        self.broken = self.layout.data / "broken"

    def web(self) -> dict[str, Any]:
        found = [each for each in self.daemon.report().get("services", []) if each["name"] == "web"]
        return found[0] if found else {}

    def pid(self) -> int:
        return int(self.web().get("pid", 0))

    def family(self) -> list[int]:
        mark = f"{self.layout.root.resolve()}:web"
        return [each.pid for each in children.family(mark, None)]

    def post(self, act: str) -> None:
        asking.post(self.layout, f"/services/web/{act}", network=Network(), timeout=30.0)

    def entries(self, act: str) -> list[Entry]:
        return [each for each in read_ledgers(self.layout.ledgers) if each.act == act]

    def well_after(self, begun: float, what: str, *, but: int) -> None:
        """It is healthy, with another process than this one."""
        self.daemon.until(lambda: self.pid() not in (0, but) and self.daemon.ask()[0] == 200)
        print(f"{what}: mended after {time.monotonic() - begun:.1f} s")

    def ran(self) -> int:
        """How often the program was started and found its database gone."""
        path = self.layout.logs / "web.log"
        return path.read_text().count("cannot open the database") if path.exists() else 0


def serve(appliance: Appliance) -> Iterator[Appliance]:
    try:
        with appliance.daemon.running() as daemon:
            daemon.says(200)
            daemon.until(appliance.pid)
            yield appliance
    finally:
        for pid in appliance.family():  # Whoever is deaf to the end of its daemon.
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def appliance(root: Path) -> Iterator[Appliance]:
    yield from serve(Appliance(root))


@pytest.fixture
def deaf(root: Path) -> Iterator[Appliance]:
    yield from serve(Appliance(root, "deaf"))


def test_a_killed_service_is_back_in_a_moment(appliance: Appliance) -> None:
    before, begun = appliance.pid(), time.monotonic()
    os.kill(before, signal.SIGKILL)
    appliance.well_after(begun, "kill -9", but=before)


def test_one_that_hangs_is_restarted_by_the_one_shot_that_asks_back(appliance: Appliance) -> None:
    before, begun = appliance.pid(), time.monotonic()
    os.kill(before, signal.SIGSTOP)
    appliance.well_after(begun, "SIGSTOP", but=before)
    (entry,) = appliance.daemon.until(lambda: appliance.entries("remedy services"))
    assert (entry.target, entry.outcome, entry.why) == ("web", "done", "web was restarted")
    assert entry.detail["code"] == "service-unhealthy"


def test_one_that_heeds_no_signal_goes_with_all_it_started(deaf: Appliance) -> None:
    deaf.daemon.until(lambda: len(deaf.family()) >= 2)
    before, begun, family = deaf.pid(), time.monotonic(), set(deaf.family())
    os.kill(before, signal.SIGSTOP)
    deaf.well_after(begun, "SIGSTOP of one deaf to SIGTERM", but=before)
    assert not family & set(deaf.family())


def test_one_that_keeps_failing_is_left_stopped_with_its_last_lines(appliance: Appliance) -> None:
    appliance.broken.touch()
    os.kill(appliance.pid(), signal.SIGKILL)
    appliance.daemon.until(lambda: appliance.web()["state"] == "failed", within=40)
    assert appliance.ran() == 3, "one start a restart, after the run that was killed"
    said = appliance.web()["summary"]
    assert said.startswith("left stopped after 3 restarts within 30 min; last: exited with status")
    (entry,) = appliance.daemon.until(lambda: appliance.entries("service-left-stopped"))
    assert "cannot open the database" in str(entry.detail["lines"])
    appliance.daemon.says(503)
    # The remedy does not start it again either, and says who can.
    (entry,) = appliance.daemon.until(
        lambda: [each for each in appliance.entries("remedy services") if each.outcome == "refused"]
    )
    assert entry.why == "web kept failing and was left stopped"
    assert appliance.ran() == 3
    appliance.broken.unlink()
    begun = time.monotonic()
    appliance.post("restart")
    appliance.well_after(begun, "cause gone, restart by hand", but=0)


def test_a_stop_by_a_person_is_respected_whatever_the_checks_say(appliance: Appliance) -> None:
    appliance.post("stop")
    appliance.daemon.says(503)
    time.sleep(3)  # The remedy is called by the failing check, and looks, meanwhile.
    assert appliance.web()["state"] == "stopped"
    assert appliance.entries("remedy services") == []
