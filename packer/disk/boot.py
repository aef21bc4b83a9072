"""What boots the disk: GRUB's core for a BIOS, a signed shim and GRUB for UEFI, and one menu.

Owns the three and the ESP that holds two of them. Refuses grub-install, and a menu that names one
kernel: it follows the links that the kernel's packages keep, so an update boots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import disk_file, files
from agent.host.machine import Host
from packer.disk.system import Architecture, Build, System
from packer.program import program

# More than the largest core ever had (GRUB manual: 31 KiB to some hundred KiB).
BIOS_MIB = 1


@dataclass(frozen=True, slots=True)
class Loaders:
    """`boot` and `core` are empty where there is no BIOS."""

    shim: bytes
    signed: bytes
    boot: bytes = b""
    core: bytes = b""


def menu(system: System, architecture: Architecture) -> str:
    """/boot/grub/grub.cfg."""
    build = system.builds[architecture]
    own = " ".join([*system.parameters, *build.console])
    serial = any(each.startswith("console=ttyS0") for each in build.console)
    lines = [
        "set timeout=0",
        "set default=0",
        # A kernel that is not there or can't be read: the one before.
        "set fallback=1",
    ]
    if serial:
        lines += ["serial --unit=0 --speed=115200", "terminal_input serial console",
                  "terminal_output serial console"]  # fmt: skip
    lines.append(f"search --no-floppy --fs-uuid --set=root {system.ids.root_system}")
    for title, suffix in ((system.title, ""), (f"{system.title}, the kernel before", ".old")):
        lines += [
            f"menuentry '{title}' {{",
            f"linux /vmlinuz{suffix} root=UUID={system.ids.root_system} {own}",
            f"initrd /initrd.img{suffix}",
            "}",
        ]
    return "\n".join(lines) + "\n"


def way(system: System) -> str:
    """What leads from the ESP, or from the core, to the menu."""
    return (
        f"search --no-floppy --fs-uuid --set=root {system.ids.root_system}\n"
        "set prefix=($root)/boot/grub\n"
        "configfile ($root)/boot/grub/grub.cfg\n"
    )


def loaders(
    host: Host, system: System, build: Build, packages: Mapping[str, bytes], work: Path
) -> Loaders:
    """Take them out of their packages. Raises MachineError, FileFailure."""
    unpacked = work / "loaders"
    files.ensure_folder(unpacked)
    for wanted in build.boot_packages:
        found = sorted(name for name in packages if name.startswith(f"{wanted}_"))
        if len(found) != 1:
            message = f"{wanted} was not fetched from the archive"
            raise MachineError("build-failed", message, hint=f"apt-cache policy {wanted}")
        place = work / f"{wanted}.deb"
        files.replace(place, packages[found[0]], durable=False)
        program(host, ("dpkg-deb", "-x", str(place), str(unpacked)), timeout=60)
    shim, signed = _read(unpacked / build.shim), _read(unpacked / build.signed)
    if not build.bios:
        return Loaders(shim, signed)
    modules = unpacked / build.bios
    early, core = work / "early.cfg", work / "core.img"
    files.replace(early, way(system).encode(), durable=False)
    argv = ("grub-mkimage", "-O", "i386-pc", "-d", str(modules), "-p", "/boot/grub",
            "-c", str(early), "-o", str(core), *build.modules)  # fmt: skip
    program(host, argv, timeout=60)
    return Loaders(shim, signed, _read(modules / "boot.img"), _read(core))


def _read(path: Path) -> bytes:
    try:
        return files.read_bytes(path)
    except FileNotFoundError as error:
        message = f"{path.name} is not in the loader's package"
        hint = "mend shim, signed and bios in the system's file"
        raise MachineError("build-failed", message, hint=hint) from error


def esp(
    host: Host, system: System, build: Build, found: Loaders, path: Path, *, epoch: int
) -> None:
    """Make the ESP's file system in a new file: shim, GRUB, and the way to the menu."""
    size = system.sizes.esp << 20
    with disk_file.fresh(path, size):
        pass
    identity = ("-i", system.ids.esp_system, "-n", "ESP")
    program(host, ("mkfs.vfat", "-F", "16", "--invariant", *identity, str(path)), timeout=60)
    # mtools takes its times from here instead of the clock.
    env = {"SOURCE_DATE_EPOCH": str(epoch), "MTOOLS_SKIP_CHECK": "1"}
    folders = ("::/EFI", "::/EFI/BOOT", f"::/EFI/{build.vendor}")
    program(host, ("mmd", "-i", str(path), *folders), timeout=60, env=env)
    for place, content in (
        (f"EFI/BOOT/{build.loader}", found.shim),
        (f"EFI/BOOT/{build.chained}", found.signed),
        (f"EFI/{build.vendor}/grub.cfg", way(system).encode()),
    ):
        argv = ("mcopy", "-i", str(path), "-", f"::/{place}")
        program(host, argv, timeout=60, stdin=content, env=env)
