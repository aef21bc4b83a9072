"""A virtual machine as a value, and the argument list that starts it.

Owns the list. Refuses to start anything. Only loopback reaches the machine, by the ports named
here; `isolated` leaves it no way out at all (QEMU, "-netdev user", restrict=on: neither to this
host nor to anything behind it).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packer.virtual.firmware import Firmware

MEMORY, PROCESSORS = 1536, 2  # MiB; what a marketplace's smallest machine has, or less


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for. `ports` are the machine's; which of ours lead there is found at start."""

    image: Path
    firmware: Firmware
    ports: tuple[int, ...] = ()
    isolated: bool = True
    memory: int = MEMORY
    processors: int = PROCESSORS


@dataclass(frozen=True, slots=True)
class Files:
    """Where a machine's own files stand: all below one folder, which goes with it."""

    folder: Path

    @property
    def disk(self) -> Path:
        return self.folder / "disk.qcow2"

    @property
    def seed(self) -> Path:
        return self.folder / "seed.img"

    @property
    def variables(self) -> Path:
        return self.folder / "variables.fd"

    @property
    def serial(self) -> Path:
        return self.folder / "serial.log"

    @property
    def monitor(self) -> Path:
        return self.folder / "qmp"

    @property
    def said(self) -> Path:
        return self.folder / "qemu.log"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"


@dataclass(frozen=True, slots=True)
class Forward:
    """A port of ours on loopback, and the machine's that it leads to."""

    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """What was found out for one start."""

    files: Files
    forwards: tuple[Forward, ...] = ()
    seeded: bool = True


def arguments(shape: Shape, wiring: Wiring) -> list[str]:
    """The whole command line. Multi-threaded TCG: a machine that builds has no KVM for sure."""
    files, firmware = wiring.files, shape.firmware
    argv = [
        firmware.program, "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", firmware.machine, "-accel", "tcg,thread=multi", "-cpu", firmware.processor,
        "-smp", str(shape.processors), "-m", str(shape.memory),
        *firmware.switches,
        # unsafe: an overlay that goes with the machine needs no fsync of this host's.
        "-drive", _drive(files.disk, "disk", "format=qcow2,cache=unsafe,discard=unmap"),
        "-device", "virtio-blk-pci,drive=disk",
        "-netdev", _network(shape, wiring), "-device", "virtio-net-pci,netdev=net,romfile=",
        "-device", "virtio-rng-pci",
        "-chardev", f"file,id=serial,path={_plain(files.serial)},append=on",
        "-serial", "chardev:serial",
        "-qmp", f"unix:{_plain(files.monitor)},server=on,wait=off",
    ]  # fmt: skip
    if wiring.seeded:
        argv += ["-drive", _drive(files.seed, "seed", "format=raw,readonly=on")]
        argv += ["-device", "virtio-blk-pci,drive=seed"]
    if firmware.code:
        for place, writable in ((Path(firmware.code), False), (files.variables, True)):
            mode = "" if writable else ",readonly=on"
            argv += ["-drive", f"if=pflash,format=raw,file={_plain(place)}{mode}"]
    return argv


def _network(shape: Shape, wiring: Wiring) -> str:
    words = ["user", "id=net", "ipv6=off"]
    if shape.isolated:
        words.append("restrict=on")
    words += [f"hostfwd=tcp:127.0.0.1:{each.here}-:{each.there}" for each in wiring.forwards]
    return ",".join(words)


def _drive(path: Path, name: str, words: str) -> str:
    return f"if=none,id={name},file={_plain(path)},{words}"


def _plain(path: Path) -> str:
    """A comma ends a value in QEMU's options; two of them are one."""
    return str(path).replace(",", ",,")
