"""Tasks that keep in shape and look ahead: ledger, trim, certificates, patches, samples, expiry."""

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.errors import MachineError
from agent.host import ring
from agent.host.failures import FileFailure
from agent.housekeeping.task import Chores
from agent.housekeeping.tasks import (
    certificates,
    expiry,
    ledger,
    patches,
    samples,
    trim,
)
from agent.layout import Layout
from agent.ledger import Ledger, read_ledgers
from agent.manifest.model import Appliance, Certificate, Manifest
from agent.patching.kept import Patches
from agent.tls.facts import Facts, One
from agent.values import values_for
from tests.scripted_host import NOW, ScriptedHost, completed, scripted_host, unit

DAY = 86400.0


@pytest.fixture
def host(root: Path) -> ScriptedHost:
    Layout(root, "shop").state.mkdir(parents=True)
    return scripted_host(root)


def chores(host: ScriptedHost, *, dry: bool = False, **more: Any) -> Chores:
    manifest = Manifest(appliance=Appliance(name="shop", version="1"), **more)
    layout = Layout(host.root, "shop")
    return Chores(host, manifest, layout, values_for(manifest, layout), dry)


def on_a_machine(host: ScriptedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Layout, "embedded", property(lambda self: False))


# --- ledger ---


def test_the_ledger_is_compacted_where_that_pays(host: ScriptedHost) -> None:
    assert ledger.run(chores(host)).summary == "there is none yet"
    book = Ledger(Layout(host.root).ledger, host.clock)
    book.write("kept")
    assert ledger.run(chores(host)).freed == 0
    with sqlite3.connect(book.path) as db:
        db.executemany(
            "INSERT INTO ledger (at, boot, actor, act, target, outcome, why, detail)"
            " VALUES (0, '', '', 'gone', '', '', ?, '{}')",
            [("x" * 1000,)] * 500,
        )
        db.execute("DELETE FROM ledger WHERE act = 'gone'")
    db.close()
    size = book.path.stat().st_size
    dry = ledger.run(chores(host, dry=True))
    assert book.path.stat().st_size == size
    done = ledger.run(chores(host))
    assert book.path.stat().st_size == size - done.freed
    assert done.freed == dry.freed > 400_000
    assert [entry.act for entry in read_ledgers([book.path])] == ["kept"]


def test_a_ledger_that_is_no_database_is_an_error(host: ScriptedHost) -> None:
    Layout(host.root).ledger.write_bytes(b"no database" * 100)
    with pytest.raises(FileFailure, match="not a database"):
        ledger.run(chores(host))


# --- trim ---


def test_trim_is_left_to_systemd_where_its_timer_is_on(host: ScriptedHost) -> None:
    host.systemd.units["fstrim.timer"] = unit("fstrim.timer", sub="waiting")
    host.systemd.units["fstrim.service"] = unit("fstrim.service", active="inactive")
    assert trim.run(chores(host)).summary == "fstrim.timer does it"
    host.systemd.units["fstrim.timer"] = unit("fstrim.timer", active="inactive")
    assert "would start" in trim.run(chores(host, dry=True)).summary
    assert host.systemd.controlled == []
    assert trim.run(chores(host)).summary == "fstrim.service told the disks"
    assert host.systemd.controlled == [("start", "fstrim.service")]
    host.systemd.units["fstrim.service"] = unit("fstrim.service", load="not-found")
    assert "there is no" in trim.run(chores(host)).summary


# --- certificates ---

MAIN: dict[str, Any] = {"certificates": {"main": Certificate()}}


def test_certificates_are_left_to_the_remedy_and_its_own_unit(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not certificates.TASK.wanted(chores(host).manifest)
    assert certificates.TASK.wanted(chores(host, **MAIN).manifest)
    on_a_machine(host, monkeypatch)
    assert "would look at main" in certificates.run(chores(host, dry=True, **MAIN)).summary
    certificates.run(chores(host, **MAIN))
    assert host.systemd.controlled == [("start", "caretaker-remedy@tls.service")]


def test_without_systemd_the_remedy_runs_as_a_process(host: ScriptedHost) -> None:
    said = "tls main: mended: two thirds of its life are over – 4f is in use\n"
    answers: list[Any] = [said, 5, 7, 4]
    host.programs[sys.executable] = lambda argv: completed(argv, answers.pop(0))
    done = certificates.run(chores(host, **MAIN))
    assert done.lines == (said.strip(),)
    assert host.asked[0][2:] == ("-m", "agent.remedies", "--root", str(host.root), "run", "tls")
    assert "another remedy runs" in certificates.run(chores(host, **MAIN)).summary
    assert "what is left waits" in certificates.run(chores(host, **MAIN)).summary
    with pytest.raises(MachineError, match="the remedy tls"):
        certificates.run(chores(host, **MAIN))


# --- patches ---

APT = """\
NOTE: This is only a simulation!
Reading package lists...
Inst libc6 [2.36-9] (2.36-9+deb12u9 Debian:12.9/stable, Debian-Security:12/stable-security [amd64])
Inst tzdata [2024a] (2025b Debian:12.9/stable [all])
Inst linux-image-amd64 [6.1.1] (6.1.2 Debian-Security:12/stable-security [amd64])
Conf libc6 (2.36-9+deb12u9 Debian:12.9/stable [amd64])
"""
DNF = """\
Upgrading:
 openssl  x86_64  3.0.2-1  baseos  1.1 M
 tzdata   noarch  2025b-1  baseos  0.4 M
"""
ADVISORIES = """\
RHSA-2026:1 Important/Sec. openssl-3.0.2-1.x86_64
RHBA-2026:2 bugfix         openssl-3.0.2-1.x86_64
RHBA-2026:3 bugfix         tzdata-2025b-1.noarch
"""
RPM = "openssl.x86_64 0:3.0.1-1\ntzdata.noarch (none):2024a-1\n"


def dpkg_is_there(host: ScriptedHost) -> None:
    host.path("/var/lib/dpkg").mkdir(parents=True)
    host.path("/var/lib/dpkg/status").touch()


def test_updates_that_wait_are_counted_without_the_network(host: ScriptedHost) -> None:
    host.programs["apt-get"] = APT
    host.programs["apt-cache"] = ""
    dpkg_is_there(host)
    lists = host.path("/var/lib/apt/lists")
    (lists / "partial").mkdir(parents=True)
    (lists / "InRelease").touch()
    host.clock.now = lists.stat().st_mtime + 9.5 * DAY
    host.path("/run").mkdir(exist_ok=True)
    host.path("/run/reboot-required").touch()
    patches.run(chores(host, dry=True))
    path = Layout(host.root).patches
    assert not path.exists()
    done = patches.run(chores(host))
    assert done.summary == "3 updates wait, 2 of them for security"
    assert done.lines[:2] == ("for security: libc6", "for security: linux-image-amd64")
    assert "needs a restart" in done.lines[2]
    assert "9 days old" in done.lines[3]
    kept = msgspec.json.decode(path.read_bytes(), type=Patches)
    assert (kept.pending, kept.security, kept.reboot) == (3, 2, True)
    assert "--simulate" in host.asked[0]


def test_where_there_is_no_apt_dnf_is_asked(host: ScriptedHost) -> None:
    assert "neither" in patches.run(chores(host)).summary
    host.path("/var/lib/rpm").mkdir(parents=True)
    host.programs["dnf", "--cacheonly", "--assumeno"] = DNF
    host.programs["dnf", "--cacheonly", "--quiet", "updateinfo"] = ADVISORIES
    host.programs["rpm"] = RPM
    assert patches.run(chores(host)).summary == "2 updates wait, 1 of them for security"
    assert all("--cacheonly" in words for words in host.asked if words[0] == "dnf")


def test_a_package_manager_that_fails_is_an_error(host: ScriptedHost) -> None:
    dpkg_is_there(host)
    host.programs["apt-get"] = 100
    with pytest.raises(MachineError, match="apt-get"):
        patches.run(chores(host))


# --- samples ---


def test_a_sample_says_what_runs_but_not_with_which_arguments(host: ScriptedHost) -> None:
    there = chores(host)
    assert "would add" in samples.run(chores(host, dry=True)).summary
    assert not there.layout.samples.exists()
    samples.run(there)
    samples.run(there)
    path = there.layout.samples / samples.NAME
    assert path.stat().st_mode & 0o777 == 0o640
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["at"] == "2026-11-21T08:00:00Z"
    assert first.keys() == second.keys()
    assert first["processes"] >= 1
    assert {"pid", "name", "cpu_seconds", "resident_bytes"} <= first["busiest"][0].keys()
    arguments = {word for each in first["busiest"] for word in each}
    assert not {"command", "cmdline", "arguments", "environment"} & arguments
    assert first["disks"][0]["size_bytes"] > 0


def test_a_ring_keeps_the_newest_and_stays_within_its_cap(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    for number in range(200):
        ring.append(path, b"%d " % number + b"x" * 50, cap=2000)
        assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 2000
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ring", "ring.1"]
    lines = (tmp_path / "ring.1").read_text() + path.read_text()
    numbers = [int(line.split()[0]) for line in lines.splitlines()]
    assert numbers == list(range(numbers[0], 200))


def test_half_a_line_of_a_killed_run_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "ring"
    path.write_bytes(b'{"half')
    ring.append(path, b"whole", cap=1000)
    assert path.read_bytes() == b'{"half\nwhole\n'
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(FileFailure):
        ring.append(tmp_path / "link", b"x", cap=1000)


# --- expiry ---


def one(days: float, *, serial: str = "1", life: float = 400) -> One:
    ends = NOW + days * DAY
    return One(f"CN={serial}", ends - life * DAY, ends, serial, "")


def inspected(host: ScriptedHost, facts: Facts) -> None:
    host.programs[sys.executable] = msgspec.json.encode(facts).decode()


def test_certificates_that_run_out_are_problems_with_the_days_left(host: ScriptedHost) -> None:
    inspected(host, Facts("", one(90), (one(90), one(10, serial="ca"))))
    done = expiry.run(chores(host, **MAIN))
    assert done.items == 2
    assert done.problems == ("certificate main: CN=ca above it ends in 10 days",)
    inspected(host, Facts("", one(-2)))
    assert expiry.run(chores(host, **MAIN)).problems == ("certificate main ended 2 days ago",)
    inspected(host, Facts("", one(5, life=6)))
    assert expiry.run(chores(host, **MAIN)).problems == ()
    inspected(host, Facts("empty"))
    assert "empty" in expiry.run(chores(host, **MAIN)).problems[0]


SHADOW = """\
root:$y$secret:20000:0:99999:7:::
shop:!:20000:0:99999:7::20785:
admin:$y$secret:20700:0:90:7:::
other:!:20000:0:90:7::20785:
broken
"""


def test_users_that_run_out_are_told_and_nothing_else_of_them(
    host: ScriptedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_machine(host, monkeypatch)
    host.path("/etc").mkdir()
    host.path("/etc/shadow").write_text(SHADOW)
    done = expiry.run(chores(host))
    said = " ".join((*done.lines, *done.problems, done.summary))
    assert done.problems == (
        "the account of user shop ends in 6 days",
        "the password of user admin ends in 11 days",
    )
    assert "secret" not in said
    assert "other" not in said
    host.path("/etc/shadow").unlink()
    assert expiry.run(chores(host)).summary == "nothing here runs out"
