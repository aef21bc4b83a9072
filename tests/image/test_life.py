"""One machine's life, from the first boot to a reboot, with a real balancer in front all the time.

First boot and setup; healthy for HAProxy on this host; faults, each mended without anybody's hand;
an upgrade and the way back; a support bundle made there and verified here; a reboot. Its console
and how long each part took are kept.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.host.machine import Host
from agent.host.spawn import Completed
from bench.setup.appliance import free_ports
from packer.program import program
from packer.virtual.boot import HEALTHY, PROBE, failed_units, settle
from packer.virtual.machine import Virtual
from packer.virtual.serial import KERNEL
from tests.image.balancer import Balancer, balancing
from tests.image.conftest import Start, give_up
from tests.image.denials import denials
from tests.image.golden import Golden
from tests.image.vendor import NEW, OLD

BOOT = 420.0  # seconds: everything is emulated, and somebody else may be at work
MEND = 240.0
CHANGE = 400.0
SERVICE = "sochdb-sochdb.service"
BUNDLE = "/var/tmp/new.bundle"
PAIR = "/etc/sochdb/tls/tls/current/cert.pem"
PAIRS = ("/etc/sochdb/tls/tls", "/etc/sochdb/tls/authority")

# A pair whose time is over, put in use as the agent itself would, a year and a half ago.
EXPIRE = """
import dataclasses
from pathlib import Path
from agent.host.clock import Clock
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.tls.pair import make
from agent.tls.wanted import wanted_for
class Past(Clock):
    def wall(self):
        return super().wall() - 540 * 86400
layout = Layout(Path("/"), "sochdb")
manifest = parse(layout.manifest.read_text())
make(wanted_for(Host(clock=Past()), manifest, layout, "tls"))
"""


class Life:
    """What is said of it afterwards: seconds by step, in order."""

    def __init__(self, machine: Virtual, balancer: Balancer) -> None:
        self.machine, self.balancer = machine, balancer
        self.steps: dict[str, float] = {}
        self.boots: dict[str, dict[str, float]] = {}
        """Of each boot the phases, seconds after the kernel's first line."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.steps[name] = round(time.monotonic() - begun, 1)
        print(f"{name}: {self.steps[name]} s", flush=True)

    def boot(self, name: str) -> None:
        """Wait until the boot that has begun is healthy."""
        at = self.machine.wait_http("/healthz", port=PROBE, timeout=BOOT)
        serial = self.machine.serial
        begun = serial.seen[KERNEL] - self.machine.begun
        self.boots[name] = serial.since_kernel() | {HEALTHY: round(at - begun, 1)}

    def caretaker(self, *words: str, timeout: float = MEND) -> Completed:
        return self.machine.ssh(["caretaker", *words], timeout=timeout)

    def version(self) -> str:
        found = json.loads(self.machine.must(["caretaker", "status", "--json"], timeout=120))
        return str(found["version"])


@pytest.fixture
def life(start: Start, tmp_path: Path, tell: Callable[[str, object], None]) -> Iterator[Life]:
    (front,) = free_ports(1)
    with (
        start("life") as machine,
        balancing(tmp_path, probe=machine.ports[PROBE], front=front) as balancer,
    ):
        found = Life(machine, balancer)
        try:
            yield found
        finally:
            tell(
                "life",
                {"seconds": found.steps, "boots": found.boots, "trouble": machine.serial.trouble},
            )


def test_from_first_boot_to_reboot(
    life: Life, golden: Golden, host: Host, tmp_path: Path, tell: Callable[[str, object], None]
) -> None:
    if golden.bundle is None:
        give_up("the image has no release beside it (new.bundle)")
    tell("life-setup", _first_boot(life))
    _mended_by_itself(life)
    _up_and_back(life, golden.bundle)
    _bundle_for_support(life, host, tmp_path)
    _reboot(life)


def _first_boot(life: Life) -> object:
    """What setup says of itself, step by step."""
    with life.step("first boot to /healthz 200"):
        life.boot("first")
    with life.step("HAProxy sees it"):
        life.balancer.wait("UP", timeout=60)
    life.machine.wait_ssh(timeout=BOOT)
    settle(life.machine, timeout=BOOT)
    report = json.loads(life.machine.must(["cat", "/run/caretaker-setup/setup.json"]))
    assert (report["verdict"], report["exit"]) == ("healthy", 0)
    assert failed_units(life.machine) == ()
    assert life.version() == OLD
    return report


def _mended_by_itself(life: Life) -> None:
    with life.step("application is killed: another one runs"):
        killed = _main_process(life)
        life.machine.must(["systemctl", "kill", "--kill-who=main", "--signal=KILL", SERVICE])
        life.machine.wait(
            lambda: _main_process(life) not in ("0", killed), what="another process", timeout=MEND
        )
        life.balancer.wait("UP", timeout=MEND)

    with life.step("application hangs: HAProxy sees it"):
        life.machine.must(["systemctl", "kill", "--signal=STOP", SERVICE])
        life.balancer.wait("DOWN", timeout=MEND)
    with life.step("application hangs: mended"):
        life.balancer.wait("UP", timeout=MEND)

    with life.step("certificate is over: found and mended"):
        tool = "/opt/caretaker/venv/bin/python3"
        life.machine.must(["rm", "-rf", *PAIRS, "/var/lib/caretaker/tls.json"])
        life.machine.must([tool, "-I", "-c", EXPIRE], timeout=120)
        # Made in this boot, it would pass for a clock that jumped, and be left alone for hours.
        life.machine.must(["rm", "-f", "/var/lib/caretaker/tls.json"])
        life.machine.must(["systemctl", "restart", SERVICE])
        check = ["openssl", "x509", "-in", PAIR, "-noout", "-checkend", "0"]
        assert not life.machine.ssh(check).ok
        life.machine.wait(
            lambda: life.machine.ssh(check).ok, what="a pair that is good", timeout=MEND
        )
        life.balancer.wait("UP", timeout=MEND)


def _main_process(life: Life) -> str:
    return life.machine.must(["systemctl", "show", "-P", "MainPID", SERVICE]).strip()


def _up_and_back(life: Life, bundle: Path) -> None:
    life.machine.login.send(bundle, BUNDLE, timeout=120)
    with life.step("upgrade"):
        done = life.caretaker("upgrade", BUNDLE, "--yes", timeout=CHANGE)
        assert done.ok, done.stdout + done.stderr
    life.balancer.wait("UP", timeout=MEND)
    assert life.version() == NEW
    with life.step("rollback"):
        done = life.caretaker("rollback", "--yes", timeout=CHANGE)
        assert done.ok, done.stdout + done.stderr
    life.balancer.wait("UP", timeout=MEND)
    assert life.version() == OLD


def _bundle_for_support(life: Life, host: Host, folder: Path) -> None:
    with life.step("support bundle made"):
        done = life.caretaker("support-bundle", "--yes", "--json", timeout=CHANGE)
        assert done.ok, done.stdout + done.stderr
    there = str(json.loads(done.stdout.splitlines()[-1])["file"])
    here = folder / Path(there).name
    with life.step("support bundle fetched and verified"):
        life.machine.login.fetch(there, here, timeout=120)
        verify = [sys.executable, "-m", "agent", "support-bundle", "verify", str(here), "--json"]
        said = program(host, verify, timeout=120).stdout
        assert json.loads(said)


def _reboot(life: Life) -> None:
    before = life.machine.must(["cat", "/etc/machine-id"])
    with life.step("reboot to /healthz 200"):
        life.machine.reboot(timeout=MEND)
        life.boot("again")
    life.balancer.wait("UP", timeout=60)
    # The client refuses a host key that changed.
    life.machine.wait_ssh(timeout=BOOT)
    assert life.machine.must(["cat", "/etc/machine-id"]) == before
    settle(life.machine, timeout=BOOT)
    assert failed_units(life.machine) == ()
    assert life.version() == OLD
    setup = life.machine.must(["systemctl", "show", "-P", "ConditionResult", "caretaker-setup"])
    assert setup.strip() == "no"
    assert denials(life.machine) == ()
    life.machine.power_off()
