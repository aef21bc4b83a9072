"""A real journal in a bundle: each entry once, the newest kept, damaged and foreign ones too."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.machine.conftest import Boot
from tests.machine.machine import TOOL, Machine

HERE = Path(__file__).parent
MANIFEST = """\
[appliance]
name = "forge"
version = "1"
[services.web]
unit = "forge-web.service"
[services.store]
unit = "store.service"
"""
JOURNALD = "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSystemMaxFileSize=8M\n"
BEFORE = re.compile(
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000 \S+ sh\[\d+\]: web-before$", re.MULTILINE
)
COLLECT = (f"{TOOL}/bin/python", "/src/tests/machine/collect.py")


@pytest.fixture
def told(machine: Machine) -> Machine:
    """A machine whose journal was turned once, with entries of every kind."""
    machine.put("/etc/caretaker/appliance.toml", MANIFEST)
    machine.put("/etc/systemd/journald.conf.d/90-test.conf", JOURNALD)
    machine.run(["mkdir", "-p", "/var/log/journal"])
    machine.systemctl("restart", "systemd-journald")
    machine.run(["journalctl", "--flush"])
    say(machine, "forge-web.service", "echo web-before; echo '<3>web-error'; exit 3", fails=True)
    machine.run(["journalctl", "--rotate"])
    say(machine, "forge-web.service", "echo web-after", again=True)
    say(machine, "store@one.service", "echo store-instance")
    say(machine, "caretaker.service", "echo ours-said")
    say(machine, "other.service", "echo other-info; echo '<4>other-warning'")
    machine.put("/run/send.py", SEND)
    say(machine, "store.service", f"{TOOL}/bin/python /run/send.py")
    machine.sh("echo '<4>planted-by-the-kernel' > /dev/kmsg || true")
    machine.run(["journalctl", "--sync"])
    return machine


SEND = r"""
import sys
sys.path[:] = [each for each in sys.path if each != "/run"]
from systemd._journal import sendv
sendv("MESSAGE=first line\nsecond line\nthird line", "SYSLOG_IDENTIFIER=many")
sendv(b"MESSAGE=bytes \xff\xfe\x00 and \x1b[31mred", "SYSLOG_IDENTIFIER=binary")
sendv("MESSAGE=" + "x" * 200_000 + " end-of-long", "SYSLOG_IDENTIFIER=long")
"""


def say(
    machine: Machine, unit: str, script: str, *, fails: bool = False, again: bool = False
) -> None:
    if again:
        machine.systemctl("reset-failed", unit, check=False)
    run = ["systemd-run", "--quiet", "--wait", "--collect", f"--unit={unit}", "--description=it"]
    run += ["sh", "-c", script]
    assert machine.run(run, check=False).ok is not fails


def collected(machine: Machine, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(machine.run([*COLLECT, *arguments], env={"PYTHONPATH": "/src"}).out))


@pytest.mark.parametrize("how", ["library", "journalctl"])
def test_each_entry_stands_once_where_it_belongs(told: Machine, how: str) -> None:
    found = collected(told, how)
    files = found["files"]
    assert {name: why for name, why in found["why"].items() if why} == {}
    web = files["journal/forge-web.service.log"]
    assert BEFORE.search(web)
    assert "web-error" in web
    assert "web-after" in web
    assert "forge-web.service: Failed with result 'exit-code'" in web
    assert "ours-said" in files["journal/caretaker.service.log"]
    system = files["journal/system.log"]
    assert "other-warning" in system
    assert "other-info" not in system
    assert told.run(["pgrep", "-fc", "collect.py"], check=False).out.strip() == "0"
    every = "".join(files.values())
    for word in ("web-before", "web-error", "web-after", "ours-said", "Failed with result"):
        assert every.count(word) == 1, word
    assert "\0" not in every
    assert "end-of-long" in files["journal/store.service.log"]
    if how == "library":
        assert "store-instance" in files["journal/store@one.service.log"]
        assert len(json.loads(files["journal/boots.json"])) == 1
        store = files["journal/store.service.log"]
        assert re.search(r"many\[\d+\]: first line\n    second line\n    third line\n", store)
        assert "\x1b" not in store


def test_the_window_and_the_cap_keep_the_newest(told: Machine) -> None:
    say(told, "forge-web.service", "seq 1 20000", again=True)
    told.run(["journalctl", "--sync"])
    for how in ("library", "journalctl"):
        found = collected(told, how, "--cap", "100000")
        web = found["files"]["journal/forge-web.service.log"]
        assert 40_000 < len(web) <= 100_200, how
        assert "]: 20000\n" in web
        assert "web-before" not in web
    later = collected(told, "library", "--since", "3600")
    assert later["files"]["journal/forge-web.service.log"] == ""


def test_another_machines_journal_is_read_from_its_disk(
    told: Machine, machines: Boot, tool: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    for part in ("var/log", "etc/caretaker"):
        (disk / part).mkdir(parents=True)
    inside = Path(f"/proc/{told.leader}/root")
    shutil.copytree(inside / "var/log/journal", disk / "var/log/journal")
    shutil.copy(inside / "etc/caretaker/appliance.toml", disk / "etc/caretaker")
    told.kill()
    second = machines(binds_ro={TOOL: tool, "/mnt": disk})
    for how in ("library", "journalctl"):
        files = collected(second, how, "--root", "/mnt")["files"]
        assert "web-before" in files["journal/forge-web.service.log"]
        assert "web-after" in files["journal/forge-web.service.log"]


def test_a_damaged_journal_gives_what_can_be_read(told: Machine) -> None:
    told.run(["journalctl", "--rotate"])
    told.sh(
        "for file in /var/log/journal/*/system@*.journal; do"
        " dd if=/dev/urandom of=$file bs=4096 seek=60 count=40 conv=notrunc; done"
    )
    found = collected(told, "library")
    assert "journal/system.log" in found["files"]
    assert set(found["how"].values()) <= {"done", "failed"}
