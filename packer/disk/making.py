"""A base disk made: packages to a tree, the tree to file systems, those to one disk.

Owns the order of the steps and the time each took. Refuses root mounts and loop devices, and to
write over what stands in the output folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from agent.errors import CaretakerError, MachineError
from agent.host import disk_file, files, open_new, trees
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.host.opened import open_once
from packer.disk import archive, boot, dressing, ext4, foreign, formats, gpt, xfs
from packer.disk.archive import Index, Source
from packer.disk.boot import Loaders
from packer.disk.dressing import Added, Dressed
from packer.disk.gpt import MIB, Part
from packer.disk.system import SOURCES, Architecture, System
from packer.golden import digests
from packer.golden.record import Step
from packer.program import program

Told = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class BaseDisk:
    """Files in the output folder. `sha256` is by file name, of what is handed on: not of the raw
    disk, which is 30 GiB of holes and the same content as the qcow2."""

    raw: Path
    qcow2: Path
    tree_tar: Path
    sha256: dict[str, str]
    indexes: tuple[Index, ...] = ()
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """What is made, where, out of what. `own_sources`: the image's sources.list, if not ours."""

    host: Host
    system: System
    architecture: Architecture
    out: Path
    epoch: int
    told: Told
    source: Source = field(default_factory=Source)
    own_sources: bytes = b""

    @property
    def work(self) -> Path:
        return self.out / ".work"


def make(
    host: Host, system: System, out: Path, *, epoch: int, told: Told,
    architecture: Architecture = "amd64", source: Source | None = None, own_sources: bytes = b"",
    listen: Callable[[str], None] = lambda line: None,
) -> BaseDisk:  # fmt: skip
    """Make the disk in `out`, a folder that is new or empty, and empty again where that fails.

    `epoch` 0: the system's own. `listen` gets mmdebstrap's words. Raises MachineError, UsageError,
    FileFailure.
    """
    if system.kind != "debian":
        raise MachineError(
            "system-unsupported", f"{system.title} is declared, but nothing here builds it yet",
            hint="caretaker image base --system debian-12",
        )  # fmt: skip
    if architecture not in system.builds:
        message = f"{system.title} has no {architecture}"
        raise MachineError("system-unsupported", message, hint="caretaker image base --list")
    _fresh(out)
    order = Order(host, system, architecture, out, epoch or system.epoch, told,
                  source or Source(), own_sources)  # fmt: skip
    with _all_or_nothing(order):
        slow = foreign.emulated(host, architecture)
        with _step(order, "packages"):
            raw = order.work / "packages.tar"
            arguments = archive.argv(system, architecture, order.source, raw)
            archive.fetch(host, arguments, order.epoch, listen, emulated=slow)
        dressed = _dressed(order, raw)
        if not dressed.indexes:
            raise archive.none_found()
        with _step(order, "loaders"):
            build = system.builds[architecture]
            found = boot.loaders(host, system, build, dressed.packages, order.work)
        return assembled(order, found, dressed.indexes)


def assembled(order: Order, found: Loaders, indexes: tuple[Index, ...] = ()) -> BaseDisk:
    """From the tree's tar and the loaders on: file systems, disk, qcow2, record."""
    host, system, work = order.host, order.system, order.work
    tar = order.out / "root.tar"
    with _step(order, "file systems"):
        tree = work / "tree"
        files.ensure_folder(tree)
        argv = ("tar", "-C", str(tree), "-xpf", str(tar), "--numeric-owner", "--xattrs",
                "--xattrs-include=*", "--delay-directory-restore")  # fmt: skip
        program(host, argv, timeout=300)
        parts = laid_out(system, order.architecture)
        by_name = {part.name: part for part in parts}
        ids, epoch = system.ids, order.epoch
        ext4.make(host, tree, work / "root.img", by_name["root"].size, id_=ids.root_system,
                  hash_seed=ids.root_hash, epoch=epoch,
                  owners=() if os.geteuid() == 0 else _owners(tar))  # fmt: skip
        trees.remove(tree)
        xfs.make(host, work / "data.img", by_name["data"].size, label="data",
                 id_=ids.data_system, epoch=epoch)  # fmt: skip
        build = system.builds[order.architecture]
        boot.esp(host, system, build, found, work / "esp.img", epoch=epoch)
    raw, qcow2 = order.out / "base.raw", order.out / "base.qcow2"
    with _step(order, "disk"):
        poured(raw, system, parts, found, work)
    with _step(order, "qcow2"):
        formats.to_qcow2(host, raw, qcow2)
    with _step(order, "digests"):
        sums = {path.name: digests.of_file(path) for path in (tar, qcow2)}
        made = BaseDisk(raw, qcow2, tar, sums, indexes, definition(system))
        files.replace(order.out / "base.json", _record(order, made))
    return made


def _owners(tar: Path) -> list[ext4.Owner]:
    with open_once(tar) as opened, os.fdopen(os.dup(opened.fd), "rb") as stream:
        return dressing.owners(stream)


def for_clouds(made: BaseDisk, *, epoch: int, vhd: bool, gce: bool) -> tuple[Path, ...]:
    """The same disk as Azure and Compute Engine take it, beside it. Raises MachineError."""
    paths: list[Path] = []
    if vhd:
        paths.append(made.raw.with_name("base.vhd"))
        formats.to_vhd(made.raw, paths[-1], epoch=epoch)
    if gce:
        paths.append(made.raw.with_name("base.tar.gz"))
        formats.to_gce(made.raw, paths[-1], epoch=epoch)
    return tuple(paths)


def laid_out(system: System, architecture: Architecture) -> tuple[Part, ...]:
    """The partitions of the system's disk: the data last, since only that one can grow."""
    ids, sizes = system.ids, system.sizes
    root = gpt.ROOT_ARM64 if architecture == "arm64" else gpt.ROOT_AMD64
    wanted = [
        ("esp", gpt.ESP, ids.esp, sizes.esp * MIB),
        ("root", root, ids.root, sizes.root * MIB),
        ("data", gpt.LINUX, ids.data, 0),
    ]
    if system.builds[architecture].bios:
        wanted.insert(0, ("bios", gpt.BIOS_BOOT, ids.bios, boot.BIOS_MIB * MIB))
    return gpt.laid_out(wanted, sizes.disk * MIB)


def poured(raw: Path, system: System, parts: tuple[Part, ...], found: Loaders, work: Path) -> None:
    """One disk of the partitions' images. Raises FileFailure, MachineError."""
    size = system.sizes.disk * MIB
    first, last = gpt.tables(parts, size, system.ids.disk)
    kernel = parts[0].begin if found.boot else 0
    with disk_file.fresh(raw, size) as disk:
        disk.put(0, gpt.protective(size, found.boot, kernel=kernel) + first)
        for part in parts:
            if part.name == "bios":
                try:
                    core = gpt.embedded(found.core, part.begin, part.size)
                except gpt.LayoutError as error:
                    raise MachineError("build-failed", str(error)) from error
                disk.put(part.begin, core)
            else:
                disk.pour(work / f"{part.name}.img", part.begin)
        disk.put(size - len(last), last)


def _dressed(order: Order, raw: Path) -> Dressed:
    with (
        _step(order, "tree"),
        open_once(raw) as given,
        os.fdopen(os.dup(given.fd), "rb") as source,
        open_new.durable(order.out / "root.tar", mode=0o644) as fd,
        os.fdopen(os.dup(fd), "wb", 1 << 20) as target,
    ):
        added = additions(order.system, order.architecture, order.own_sources)
        return dressing.dress(order.system, source, target, added, order.epoch)


def additions(system: System, architecture: Architecture, own_sources: bytes = b"") -> Added:
    """What the definition adds, and what follows from its ids: fstab and the boot menu."""
    contents = {
        each.path: (_content(each.text, each.source), int(each.mode, 8)) for each in system.files
    }
    contents["/etc/fstab"] = (fstab(system).encode(), 0o644)
    contents["/boot/grub/grub.cfg"] = (boot.menu(system, architecture).encode(), 0o600)
    if own_sources:
        contents["/etc/apt/sources.list"] = (own_sources, 0o644)
    modes = {path: int(mode, 8) for path, mode in system.folders.items()}
    return Added(contents, dict(system.links), modes)


def _content(text: str, source: str) -> bytes:
    if source:
        return files.read_bytes(SOURCES / source)
    return text.removeprefix("\n").encode()


def fstab(system: System) -> str:
    """The two volumes. The application's name is not known yet: the golden image moves /srv."""
    ids = system.ids
    return (
        f"UUID={ids.root_system} / ext4 defaults,errors=remount-ro 0 1\n"
        f"UUID={ids.data_system} /srv xfs defaults,nosuid,nodev,x-systemd.growfs 0 2\n"
    )


def definition(system: System) -> str:
    """SHA-256 of the whole definition, with the files it names."""
    total = hashlib.sha256(msgspec.json.encode(system, order="deterministic"))
    for each in system.files:
        if each.source:
            total.update(files.read_bytes(SOURCES / each.source))
    return total.hexdigest()


def _record(order: Order, made: BaseDisk) -> bytes:
    told = {
        "system": order.system.name,
        "architecture": order.architecture,
        "epoch": order.epoch,
        "definition": made.definition,
        "mirror": order.source.mirror,
        "archive": [{"index": each.name, "date": each.date, "sha256": each.sha256}
                    for each in made.indexes],
        "sha256": made.sha256,
    }  # fmt: skip
    return json.dumps(told, indent=2, sort_keys=True).encode() + b"\n"


def _fresh(out: Path) -> None:
    files.ensure_folder(out)
    if any(out.iterdir()):
        raise MachineError(
            "file-unwritable", f"{out} holds something already", hint=f"ls -la {out}"
        )
    files.ensure_folder(out / ".work", mode=0o700)


@contextmanager
def _all_or_nothing(order: Order) -> Iterator[None]:
    """What stands in the folder is ours, since it was empty: half a disk keeps nobody from another
    try."""
    try:
        yield
    except BaseException:  # an interruption too, which goes on up
        for path in list(order.out.iterdir()):
            trees.remove(path)
        raise
    trees.remove(order.work)


@contextmanager
def _step(order: Order, name: str) -> Iterator[None]:
    """Tell how long it took, also where it failed."""
    clock = order.host.clock
    begun, cpu = clock.monotonic(), clock.processor()

    def tell(outcome: Literal["done", "failed"], why: str = "") -> None:
        taken, spent = clock.monotonic() - begun, clock.processor() - cpu
        order.told(Step(name, round(taken, 3), round(spent, 3), outcome, why))

    try:
        yield
    except (CaretakerError, HostFailure) as error:
        tell("failed", str(error))
        raise
    tell("done")
