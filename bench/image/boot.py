"""How long the image takes to be healthy, beside the same base disk without the appliance.

Owns the boots: of each disk the first one, and those after it was switched off and on again, by
every firmware asked for; seconds are counted from the kernel's first line. The two disks take
turns, since how fast a machine emulates changes within minutes. Refuses to build, and to measure a
reboot: QEMU stalls after one, with all its translations to make again while the old ones go.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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
AGAIN = 3  # boots of each disk after its first; their median counts
TARGET = "multi-user.target"
HEAD = ("disk", "boot", "kernel", "init", "login", TARGET, "/healthz 200")


@dataclass(frozen=True)
class Once:
    """One boot: seconds after the kernel's first line. `boot` is None without an appliance."""

    phases: dict[str, float]
    target: float
    """When the target was reached, by the machine's own clock."""
    boot: Boot | None = None

    @property
    def ready(self) -> float:
        """Healthy, or without an appliance: all is started and somebody may log in."""
        if self.boot is not None:
            return self.phases.get(HEALTHY, float("inf"))
        return max(self.target, self.phases["login"])


@dataclass
class Disk:
    """A machine on a throw-away overlay, and its boots."""

    name: str
    machine: Virtual
    boots: list[Once]

    @property
    def first(self) -> float:
        return self.boots[0].ready

    @property
    def again(self) -> float:
        return median(once.ready for once in self.boots[1:])


def inserted(host: Host, stack: ExitStack, name: str, image: Path, firmware: str) -> Disk:
    """Its first boot; it is switched off then."""
    ports = (PROBE,) if name == "golden" else ()
    shape = Shape(image, firmware_of(firmware), ports)
    machine = stack.enter_context(starting(host, shape, Seed("i-bench", "bench")))
    disk = Disk(name, machine, [])
    measure(disk)
    return disk


def measure(disk: Disk) -> None:
    """The boot that has begun, then off."""
    machine, boot = disk.machine, None
    if disk.name == "golden":
        boot = watch(machine, path="/healthz", port=PROBE, timeout=PATIENCE, asked=True)
    else:
        machine.wait_phase("login", timeout=PATIENCE)
        machine.wait_ssh(timeout=PATIENCE)
        settle(machine, timeout=PATIENCE)
    machine.wait_phase("login", timeout=PATIENCE)
    show = ["systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", TARGET]
    target = int(machine.must(show)) / 1e6
    phases = machine.serial.since_kernel() | (boot.phases if boot else {})
    disk.boots.append(Once(phases, target, boot))
    machine.power_off(timeout=PATIENCE)


def reported(host: Host, golden: Path, base: Path | None, firmware: str, again: int) -> Report:
    """One firmware's table and bars."""
    report = Report(f"Boot by {firmware_of(firmware).title}", HEAD)
    with ExitStack() as stack:
        disks = [inserted(host, stack, "golden", golden, firmware)]
        if base is not None:
            disks.append(inserted(host, stack, "base", base, firmware))
        for _ in range(again):
            for disk in disks:
                disk.machine.start()
                measure(disk)
    for disk in disks:
        for number, once in enumerate(disk.boots):
            report.rows.append(_row(disk.name, number, once))
        report.figures[disk.name] = [once.phases for once in disk.boots]
    _bars(report, disks)
    ours = disks[0].boots
    for once in ours:
        assert once.boot is not None
        report.notes += [*once.boot.trouble, *once.boot.failed_units]
    last = ours[-1].boot
    assert last is not None
    report.notes.append(f"the last boot: {last.analysed.splitlines()[0]}")
    report.figures |= {"chain": last.chain, "slowest": last.slowest}
    report.notes += [f"`{line}`" for line in last.chain.splitlines() if "@" in line][1:]
    return report


def _row(disk: str, number: int, once: Once) -> list[str]:
    phases = once.phases
    healthy = f"{phases[HEALTHY]:.1f} s" if HEALTHY in phases else "–"
    return [
        disk, "first" if number == 0 else f"again, {number}",
        *(f"{phases.get(name, 0.0):.1f} s" for name in ("initramfs", "systemd", "login")),
        f"{once.target:.1f} s", healthy,
    ]  # fmt: skip


def _bars(report: Report, disks: list[Disk]) -> None:
    ours = disks[0]
    first = "the same on first boot, setup included"
    report.bars.append(Bar(first, ours.first, FIRST_BAR, "s"))
    if len(ours.boots) == 1:
        return
    report.bars.insert(0, Bar(f"{KERNEL} to /healthz 200, median", ours.again, BAR, "s"))
    if len(disks) > 1:
        ready = disks[1].again
        report.bars.append(Bar(f"against the base's {TARGET}, times", ours.again / ready, RATIO))


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.image boot", description=__doc__)
    parser.add_argument("golden", type=Path, help="the image")
    parser.add_argument("--base", type=Path, help="the base disk it was made from")
    parser.add_argument("--firmware", action="append", choices=["bios", "uefi", "secure", "arm64"])
    parser.add_argument("--again", type=int, default=AGAIN, help="boots after the first, of each")
    said = parser.parse_args(argv)
    host = Host()
    firmwares = said.firmware or ["bios", "uefi", "secure"]
    reports = [reported(host, said.golden, said.base, name, said.again) for name in firmwares]
    return write(f"image-boot-{'-'.join(firmwares)}" if said.firmware else "image-boot", reports)
