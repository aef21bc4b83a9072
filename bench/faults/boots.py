"""Faults that a machine finds when it boots: after a power cut, as a clone, in mid-mend.

Owns each as what happens before the power goes, what is done to the disk meanwhile, and what must
hold afterwards. The same boot without a fault is measured beside them.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.faults.subject import DATA, TLS, running
from bench.faults.watch import watching
from bench.health.table import Bar, Report
from tests.machine import appliance as appliances
from tests.machine.machine import Machine

GENERATION = "var/lib/shop/generations/1"
_LONGEST = 60.0  # seconds


@dataclass(frozen=True)
class Boot:
    """`before` the power cut, on the running machine; `meanwhile` on its disk; `holds` after."""

    name: str
    holds: Callable[[Machine], bool]
    before: Callable[[Machine], None] = lambda machine: None
    meanwhile: Callable[[Path], None] = lambda disk: None


def _sound(machine: Machine) -> bool:
    """The port shows a pair that a client who trusts the authority accepts."""
    ask = ["curl", "-fsS", "--cacert", f"{TLS}/current/ca.pem", "https://localhost:8443/"]
    return machine.run(ask, check=False).ok


def _rename(disk: Path) -> None:
    (disk / "etc/hostname").write_text("clone-7\n")
    (disk / "etc/machine-id").write_text("7" * 32 + "\n")


def _named_anew(machine: Machine) -> bool:
    show = f"openssl x509 -in {TLS}/current/cert.pem -noout -checkhost clone-7"
    return "does match" in machine.sh(show).out and _sound(machine)


def _empty(disk: Path) -> None:
    """What an ordinary file system leaves of files that were not fsynced."""
    home = disk / TLS.lstrip("/")
    for name in ("cert.pem", "key.pem", "chain.pem"):
        (home / (home / "current").readlink() / name).write_bytes(b"")


def _lose_folder(disk: Path) -> None:
    shutil.rmtree(disk / GENERATION / "queue")


def _folder_back(machine: Machine) -> bool:
    return machine.sh(f"stat -c '%U %a' {DATA}/queue").out.strip() == "shop 700"


def _begin_mending(machine: Machine) -> None:
    """A new pair is being made when the power goes."""
    machine.sh(f": >{TLS}/current/cert.pem")
    machine.spawn(["systemctl", "start", "caretaker-remedy@tls.service"])
    time.sleep(0.45)


def _lock_stays(machine: Machine) -> None:
    """Its number will be another process's, of the same user, when PostgreSQL comes back."""
    machine.sh(f"cp {DATA}/pg/postmaster.pid /var/tmp/postmaster.pid")


def _lock_back(disk: Path) -> None:
    there = disk / GENERATION / "pg/postmaster.pid"
    kept = (disk / "var/tmp/postmaster.pid").read_text().splitlines()
    there.write_text("\n".join(["1", *kept[1:]]) + "\n")
    shutil.copystat(disk / GENERATION / "pg/PG_VERSION", there)
    facts = (disk / GENERATION / "pg/PG_VERSION").stat()
    shutil.chown(there, facts.st_uid, facts.st_gid)


BOOTS = (
    Boot("nothing (a power cut alone)", _sound),
    Boot("clone: other host name and machine id", _named_anew, meanwhile=_rename),
    Boot("pair empty, as after a power cut without fsync", _sound, meanwhile=_empty),
    Boot("power cut in the middle of mending the pair", _sound, before=_begin_mending),
    Boot("postmaster.pid of the boot before", _sound, before=_lock_stays, meanwhile=_lock_back),
    Boot("folder gone", _folder_back, meanwhile=_lose_folder),
)


def measure(tree: Path, runs: int) -> Report:
    head = ("found at boot", "runs", "boot to 200: median", "worst", "holds afterwards")
    report = Report("Faults found at boot", head)
    for boot in BOOTS:
        times, held = [], 0
        for _ in range(runs):
            took, holds = _run(boot, tree)
            times.append(took)
            held += holds
        report.figures[boot.name] = {"boot": times, "held": held}
        report.rows.append(
            [
                boot.name,
                str(runs),
                f"{median(times):.2f} s",
                f"{max(times):.2f} s",
                f"{held} of {runs}",
            ]
        )
        report.bars.append(Bar(f"{boot.name}: does not hold", float(runs - held), 0))
    return report


def _run(boot: Boot, tree: Path) -> tuple[float, bool]:
    with appliances.disk(tree) as disk:
        with running(disk, keep=True) as machine:
            boot.before(machine)
        boot.meanwhile(disk)
        begun = time.monotonic()
        with running(disk, keep=True, wait=False) as machine, watching(machine.leader) as watch:
            while time.monotonic() - begun < _LONGEST and watch.status() != 200:
                time.sleep(0.02)
            took = time.monotonic() - begun
            return took, watch.status() == 200 and boot.holds(machine)
