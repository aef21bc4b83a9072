"""How long the image takes to be healthy, beside the same base disk without the appliance.

Owns the boots: of each disk the first one, and the one after a reboot, by every firmware asked for;
seconds are counted from the kernel's first line. Refuses to build.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.machine import Host
from bench.health.table import Bar, Report, write
from packer.virtual.boot import HEALTHY, PROBE, Boot, settle, watch
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.serial import KERNEL
from packer.virtual.shape import Shape

PATIENCE = 600.0
BAR, FIRST_BAR, RATIO = 45.0, 60.0, 1.25
TARGET = "multi-user.target"
HEAD = ("firmware", "disk", "boot", "kernel", "init", "login", TARGET, "/healthz 200")


@dataclass
class Measured:
    """Two boots of one disk. Empty where it has no appliance."""

    first: Boot | None = None
    again: Boot | None = None
    targets: list[float] = field(default_factory=list)
    """When the target was reached, seconds after the kernel's start, by the machine's own clock."""
    logins: list[float] = field(default_factory=list)
    phases: list[dict[str, float]] = field(default_factory=list)


def measure(host: Host, disk: Path, firmware: str, *, appliance: bool) -> Measured:
    """Boot a throw-away overlay of it twice."""
    ports = (PROBE,) if appliance else ()
    shape = Shape(disk, firmware_of(firmware), ports)
    found = Measured()
    with starting(host, shape, Seed("i-bench", "bench")) as machine:
        found.first = _boot(machine, found, appliance=appliance)
        machine.reboot(timeout=PATIENCE)
        found.again = _boot(machine, found, appliance=appliance)
        machine.power_off()
    return found


def _boot(machine: Virtual, found: Measured, *, appliance: bool) -> Boot | None:
    boot = None
    if appliance:
        boot = watch(machine, path="/healthz", port=PROBE, timeout=PATIENCE, asked=True)
    else:
        machine.wait_phase("login", timeout=PATIENCE)
        machine.wait_ssh(timeout=PATIENCE)
        settle(machine, timeout=PATIENCE)
    machine.wait_phase("login", timeout=PATIENCE)
    show = ["systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", TARGET]
    found.targets.append(int(machine.must(show)) / 1e6)
    found.logins.append(machine.serial.since_kernel()["login"])
    found.phases.append(boot.phases if boot else machine.serial.since_kernel())
    return boot


def reported(host: Host, golden: Path, base: Path | None, firmware: str) -> Report:
    """One firmware's table and bars."""
    report = Report(f"Boot by {firmware_of(firmware).title}", HEAD)
    ours = measure(host, golden, firmware, appliance=True)
    plain = measure(host, base, firmware, appliance=False) if base else None
    for disk, measured in (("golden", ours), ("base", plain)):
        for number, which in enumerate(("first", "again") if measured else ()):
            report.rows.append(_row(firmware, disk, which, measured, number))
            report.figures[f"{disk} {which}"] = measured.phases[number] if measured else {}
    _bars(report, ours, plain)
    for boot in (ours.first, ours.again):
        if boot is not None:
            report.notes += [f"{line}" for line in (*boot.trouble, *boot.failed_units)]
    if ours.again is not None:
        report.notes.append(f"after a reboot: {ours.again.analysed.splitlines()[0]}")
        report.figures["chain"] = ours.again.chain
        report.figures["slowest"] = ours.again.slowest
        report.notes += [f"`{line}`" for line in ours.again.chain.splitlines() if "@" in line][1:]
    return report


def _row(firmware: str, disk: str, which: str, measured: Measured | None, number: int) -> list[str]:
    assert measured is not None
    phases = measured.phases[number]
    healthy = f"{phases[HEALTHY]:.1f} s" if HEALTHY in phases else "–"
    return [
        firmware, disk, which,
        *(f"{phases.get(name, 0.0):.1f} s" for name in ("initramfs", "systemd", "login")),
        f"{measured.targets[number]:.1f} s", healthy,
    ]  # fmt: skip


def _bars(report: Report, ours: Measured, plain: Measured | None) -> None:
    never = float("inf")
    first, again = (each.phases.get(HEALTHY, never) for each in (ours.first, ours.again) if each)
    report.bars.append(Bar(f"{KERNEL} to /healthz 200", again, BAR, "s"))
    report.bars.append(Bar("the same on first boot, setup included", first, FIRST_BAR, "s"))
    if plain is not None:
        ready = max(plain.targets[1], plain.logins[1])
        report.bars.append(Bar(f"against the base's {TARGET}, times", again / ready, RATIO))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.image boot", description=__doc__)
    parser.add_argument("golden", type=Path, help="the image")
    parser.add_argument("--base", type=Path, help="the base disk it was made from")
    parser.add_argument("--firmware", action="append", choices=["bios", "uefi", "secure", "arm64"])
    said = parser.parse_args(argv)
    host = Host()
    firmwares = said.firmware or ["bios", "uefi", "secure"]
    reports = [reported(host, said.golden, said.base, name) for name in firmwares]
    return write(f"image-boot-{'-'.join(firmwares)}" if said.firmware else "image-boot", reports)
