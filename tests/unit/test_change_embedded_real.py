"""An embedded appliance, upgraded by a signed bundle with a migration, and killed in the middle."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.host import lock
from agent.layout import Layout
from agent.release import source
from bench.bundles.vendor import Vendor, open_vendor
from bench.setup import appliance
from bench.setup.arena import Arena, arena
from tests.machine import wheelhouse

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(180)]

PROOF = '\n[upgrade]\nhealthy = 3\nwithin = "30s"\n'
# Long enough to be struck in the middle.
UP = """\
import os, time
from pathlib import Path
rows = Path(os.environ["CARETAKER_DATA"]) / "rows"
rows.write_text("half of it")
time.sleep(3.0)  # whoever kills it has to hear of it first
rows.write_text("precious, migrated")
"""
VERIFY = """\
import os
from pathlib import Path
assert "migrated" in (Path(os.environ["CARETAKER_DATA"]) / "rows").read_text()
"""


class Place:
    """The appliance, its vendor and its admin."""

    def __init__(self, made: Arena, vendor: Vendor) -> None:
        self.arena, self.vendor = made, vendor
        self.layout = Layout(made.root, "tiny")
        self.rows = self.layout.active / "state/rows"
        key = vendor.folder / "keys/root.json"
        (made.source / "root.json").write_bytes(key.read_bytes())
        with (made.source / "appliance.toml").open("a") as manifest:
            manifest.write(PROOF)

    def bundle(self, version: str) -> Path:
        folder = self.arena.folder / f"release-{version}"
        probe, port = self.arena.ports
        appliance.write(folder, version=version, probe=probe, port=port)
        with (folder / "appliance.toml").open("a") as manifest:
            manifest.write(PROOF)
        step = folder / "migrations/0001-rows"
        step.mkdir(parents=True)
        (step / "up.py").write_text(UP)
        (step / "verify.py").write_text(VERIFY)
        return self.vendor.bundle(source.read(folder, version, int(time.time())))

    def argv(self, *words: str) -> list[str]:
        root = str(self.arena.root)
        return [f"{root}/opt/caretaker/venv/bin/caretaker", "--root", root, *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = self.argv(*words)
        return subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90
        )

    def caretaker(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done
        return done.stdout

    def upgrade_killed_at(self, code: str, bundle: Path) -> None:
        """Have it made, and kill whoever makes it at this step; and the one who watches."""
        asking = subprocess.Popen(
            self.argv("upgrade", str(bundle), "--yes", "--json"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with asking:
            assert asking.stdout is not None
            for line in asking.stdout:
                if json.loads(line).get("code") == code:
                    pid = lock.holder_pid(self.layout.setup_lock)
                    assert pid > 0, "it was over before it could be killed"  # 0 is all of us
                    os.kill(pid, signal.SIGKILL)
                    break
            asking.kill()
        _wait(lambda: not lock.held(self.layout.setup_lock), seconds=5)

    def releases(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = json.loads(self.caretaker("releases", "--json"))["deployments"]
        return told

    def standings(self) -> list[tuple[str, str]]:
        return [(each["version"], each["standing"]) for each in self.releases()]

    def ledger(self) -> str:
        return self.caretaker("ledger")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with arena(tmp_path, "--wheelhouse", str(wheelhouse.locked_wheels())) as made:
        here = Place(made, open_vendor(tmp_path / "vendor"))
        first = made.run()
        assert first.status == 0, first
        yield here


def test_killed_while_it_migrates_and_while_it_is_proven_then_rolled_back(place: Place) -> None:
    place.rows.write_text("precious")
    bundle = place.bundle("1.1")
    before = sorted(place.layout.generations.iterdir())
    place.upgrade_killed_at("migrate-0001", bundle)
    assert place.rows.read_text() == "precious"
    resumed = place.run("upgrade", "resume")
    assert resumed.returncode == 8
    assert "interrupted before the change; 1.0 runs again" in resumed.stderr
    place.caretaker("health", "--wait", "20s")
    assert place.standings() == [("1.0", "active")]
    assert place.rows.read_text() == "precious"
    assert sorted(place.layout.generations.iterdir()) == before
    # And again, to its end: killed at its proof it is proven at the next start.
    place.upgrade_killed_at("gate", bundle)
    place.caretaker("stop")
    place.caretaker("start")
    _wait(lambda: "upgrade 1.0 to 1.1: done" in place.ledger())
    place.caretaker("health", "--wait", "20s")
    assert place.standings() == [("1.1", "active"), ("1.0", "previous")]
    assert place.rows.read_text() == "precious, migrated"
    place.caretaker("rollback", "--yes")
    assert place.standings() == [("1.1", "abandoned"), ("1.0", "active")]
    assert place.rows.read_text() == "precious"


def _wait(done: Callable[[], bool], *, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.2)
