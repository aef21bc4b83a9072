"""The arm64 base disk, made and booted on a machine that is none: all of it emulated.

Owns both times, what the booted machine says of itself, and, where nobody registered QEMU's user
emulation with the kernel, doing so for as long as the build runs. Refuses bars of time: how fast an
emulator is says nothing of the image.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.host.machine import Host
from bench.health.table import Bar, Report, write
from bench.image import twice
from packer.virtual.boot import failed_units, settle
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.shape import Shape

PATIENCE = 900.0  # seconds
_HEAD = ("what", "seconds")
_LIST = Path("/proc/sys/fs/binfmt_misc")
_NAME = "caretaker-aarch64"
_INTERPRETER = Path("/usr/bin/qemu-aarch64-static")
# An ELF file of 64 bits, little-endian, of the kinds EXEC and DYN, for machine 183 (AArch64). F:
# the interpreter is opened now, so that it is found inside a chroot; P: argv[0] stays as it was
# (Linux, admin-guide/binfmt-misc).
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.image arm64", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("/var/tmp/caretaker-arm64"),
                        help="where the disk is, or will be made and taken away")  # fmt: skip
    parser.add_argument("--system", default="debian-12")
    parser.add_argument("--keep", action="store_true", help="leave the disk that was built")
    parser.add_argument("--console", type=Path, help="keep what it said on its console")
    asked = parser.parse_args(words, argparse.Namespace(arch="arm64"))
    there = (asked.out / "base.json").is_file()
    report = Report(f"{asked.system}, arm64, emulated", _HEAD)
    try:
        if not there:
            with emulated():
                told(report, "build", twice.build(asked.out, asked))
        boot(report, asked.out / "base.qcow2", asked.console)
    finally:
        if not there and not asked.keep:
            shutil.rmtree(asked.out, ignore_errors=True)
    return write("image-arm64", [report])


def boot(report: Report, image: Path, console: Path | None) -> None:
    """To its login and into it, then off by its button."""
    shape = Shape(image, firmware_of("arm64"))
    with starting(Host(), shape, Seed("i-arm64", "arm64"), keep=console) as machine:
        machine.wait_phase("login", timeout=PATIENCE)
        entered = machine.wait_ssh(timeout=PATIENCE)
        settle(machine, timeout=PATIENCE)
        seen, power_on = machine.serial.seen, machine.begun
        phases = {name: round(at - power_on, 1) for name, at in seen.items()}
        told(report, "boot", {**phases, "SSH": entered})
        _judge(report, machine)
        told(report, "boot", {"off": machine.power_off(timeout=PATIENCE)})


def _judge(report: Report, machine: Virtual) -> None:
    failed = failed_units(machine)
    processor = machine.must(["uname", "-m"]).strip()
    volume = machine.must(["findmnt", "-rno", "FSTYPE,SIZE,OPTIONS", "/srv"]).strip()
    machine.must(["test", "-d", "/sys/firmware/efi"])
    report.bars.append(Bar("units that failed", len(failed), 0))
    report.bars.append(Bar("lines of the console that tell of trouble",
                           len(machine.serial.trouble), 0))  # fmt: skip
    report.bars.append(Bar("it is an aarch64", int(processor == "aarch64"), 1, least=True))
    kernel = machine.must(["uname", "-r"]).strip()
    report.notes += [f"kernel {kernel}, {processor}, UEFI", f"/srv: {volume}"]
    report.notes += [*failed, *machine.serial.trouble]
    report.notes.append(machine.must(["systemd-analyze", "time"]).splitlines()[0])
    report.figures |= {"kernel": kernel, "failed": list(failed), "srv": volume}


def told(report: Report, what: str, seconds: dict[str, float]) -> None:
    report.rows += [[f"{what}: {name}", f"{value:.1f}"] for name, value in seconds.items()]
    report.figures.setdefault(what, {}).update(seconds)


@contextmanager
def emulated() -> Iterator[None]:
    """Programs of aarch64 run here during the block; afterwards the kernel's list is as before."""
    if _runs() or os.geteuid() != 0 or not _INTERPRETER.exists():
        yield  # what is missing is said by the build
        return
    mounted = not (_LIST / "register").exists()
    if mounted:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", _LIST], check=True)
    try:
        (_LIST / "register").write_text(f":{_NAME}:M::{_MAGIC}:{_MASK}:{_INTERPRETER}:PF")
        try:
            yield
        finally:
            (_LIST / _NAME).write_text("-1")
    finally:
        if mounted:
            subprocess.run(["umount", _LIST], check=True)


def _runs() -> bool:
    try:
        return (
            subprocess.run(["arch-test", "arm64"], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        print("apt-get install arch-test qemu-user-static", file=sys.stderr)
        return False
