"""A small appliance in memory without a fault, for the rules about the machine, and its faults."""

import hashlib
from dataclasses import dataclass, replace

from bench.certify.planting import Act, Folder, Link, Remove, Swap, Write
from packer.certify.beside import PartsList
from packer.certify.disk_facts import DiskFacts, Partition
from packer.certify.running import Running, Socket

GIB, MIB = 1 << 30, 1 << 20
KERNEL = "6.1.0-1-cloud-amd64"
CONFIG = "".join(
    f"CONFIG_{name}=m\n"
    for name in (
        *("HYPERV", "HYPERV_STORAGE", "HYPERV_NET", "PCI_HYPERV", "UDF_FS", "VFAT_FS", "GVE"),
        *("ENA_ETHERNET", "BLK_DEV_NVME", "IXGBEVF", "SCSI_VIRTIO", "VIRTIO_NET", "VIRTIO_BLK"),
    )
)
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00" + bytes(60)
STATUS = "".join(
    f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n"
    for name, version in (
        *(("python3", "3.11.2-1"), ("libssl3", "3.0.15-1~deb12u1"), ("cloud-init", "22.4-1")),
        *(("waagent", "2.7.3.0-1"), ("google-guest-agent", "20240101"), ("shop", "1.0")),
        *(("google-osconfig-agent", "20240101"), ("amazon-ssm-agent", "3.2"), ("grub", "2.06")),
    )
)
PACKAGED = {
    "usr/bin/sh": ELF,
    "usr/bin/env": ELF,
    "usr/bin/cloud-init": b"#!/usr/bin/python3\n",
    "usr/bin/growpart": b"#!/bin/sh\n",
    f"boot/config-{KERNEL}": CONFIG.encode(),
    f"boot/vmlinuz-{KERNEL}": b"MZ kernel",
    f"usr/lib/modules/{KERNEL}/kernel/x.ko": ELF,
}
SUMS = "".join(f"{hashlib.md5(data).hexdigest()}  {path}\n" for path, data in PACKAGED.items())
GRUB = f"linux /boot/vmlinuz-{KERNEL} root=UUID=1 ro console=tty0 console=ttyS0,115200n8\n"
FSTAB = "UUID=1 / ext4 defaults,x-systemd.growfs 0 1\nUUID=2 /srv xfs defaults 0 2\n"
CLOUD = "datasource_list: [NoCloud, Ec2, Azure, GCE, DigitalOcean, None]\n"
UNITS = "/etc/systemd/system"

# Named by the digest over names and contents, as setup installs it.
TOOL_FILES = {"setup/setup.sh": b"#!/bin/sh\n", "pyproject.toml": b"[project]\n"}
_LINES = (f"{name}\0{hashlib.sha256(data).hexdigest()}\n" for name, data in TOOL_FILES.items())
TOOL = hashlib.sha256("".join(_LINES).encode()).hexdigest()[:12]

TWIN: tuple[Act, ...] = (
    *(Write(f"/{path}", data, 0o755) for path, data in PACKAGED.items()),
    Link("/bin", "usr/bin"),
    Write("/var/lib/dpkg/status", STATUS),
    Write("/var/lib/dpkg/info/shop.md5sums", SUMS),
    Write("/var/lib/dpkg/info/shop.list", "".join(f"/{path}\n" for path in PACKAGED)),
    Write(f"/boot/initrd.img-{KERNEL}", "initrd"),
    Write("/boot/grub/grub.cfg", GRUB, 0o600),
    Write("/etc/fstab", FSTAB),
    Write("/etc/os-release", 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n'),
    Write("/etc/cloud/cloud.cfg.d/90-image.cfg", CLOUD),
    Write("/etc/waagent.conf", "AutoUpdate.Enabled=y\nResourceDisk.Format=n\n"),
    Folder("/var/lib/cloud"),
    Write(f"{UNITS}/cloud-init.target.wants/cloud-init.service", ""),
    Write(f"{UNITS}/sysinit.target.wants/systemd-timesyncd.service", ""),
    Write("/etc/systemd/network/80-all.network", "[Match]\nType=ether\n[Network]\nDHCP=yes\n"),
    Write(
        "/etc/caretaker/appliance.toml",
        '[appliance]\nname = "shop"\nversion = "1.0"\n[services.shop]\ncommand = ["/bin/sh"]\n',
    ),
    Write("/etc/caretaker/keys/root.json", "{}"),
    Write(f"{UNITS}/caretaker-setup.service", "[Service]\n"),
    Link(f"{UNITS}/multi-user.target.wants/caretaker-setup.service", "../caretaker-setup.service"),
    Write("/opt/caretaker/venv/bin/caretaker", "#!/opt/caretaker/venv/bin/python\n", 0o755),
    Link("/opt/caretaker/tool", f"tools/{TOOL}"),
    *(Write(f"/opt/caretaker/tools/{TOOL}/{name}", data) for name, data in TOOL_FILES.items()),
    # The digest of a folder with one program in it, `start`, of one line.
    Write("/opt/shop/releases/1.0-RELEASE/start", "#!/bin/sh\n", 0o755),
)


def release(name: str) -> tuple[Act, ...]:
    """The twin with its release's folder named by the digest of what is in it."""
    return tuple(
        replace(act, path=act.path.replace("1.0-RELEASE", name)) if isinstance(act, Write) else act
        for act in TWIN
    )


DISK = DiskFacts(
    "raw",
    30 * GIB,
    "gpt",
    (
        Partition(1, "bios", "21686148-6449-6E6F-744E-656564454649", MIB, MIB, ""),
        Partition(2, "esp", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", 2 * MIB, 32 * MIB, "vfat"),
        Partition(3, "root", "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", 34 * MIB, 8 * GIB, "ext4"),
        Partition(4, "data", "0FC63DAF-8483-4772-8E79-3D69D8477DE4", 9 * GIB, GIB, "xfs", 0),
    ),
    gap_used=False,
    esp=("/EFI/BOOT/BOOTX64.EFI", "/EFI/BOOT/grubx64.efi"),
)
RUNNING = Running(
    "root=UUID=1 ro console=ttyS0",
    {},
    (
        Socket("tcp", "0.0.0.0", 22, "sshd"),
        Socket("tcp", "0.0.0.0", 8086, "caretaker-probe"),
        Socket("tcp", "127.0.0.1", 9999, "local"),
    ),
    (),
)


@dataclass(frozen=True)
class Case:
    """A fault of the tree, or of the disk, or of what runs."""

    name: str
    rule: str
    acts: tuple[Act, ...] = ()
    disk: DiskFacts = DISK
    running: Running | None = None
    beside: tuple[PartsList, ...] = (PartsList("shop.cdx.json", signed=True),)


def parts(number: int, **change: object) -> DiskFacts:
    """The disk with one partition changed."""
    changed = tuple(
        replace(each, **change) if each.number == number else each  # type: ignore[arg-type]  # as a test says it
        for each in DISK.partitions
    )
    return replace(DISK, partitions=changed)


def without(number: int) -> DiskFacts:
    kept = tuple(each for each in DISK.partitions if each.number != number)
    return replace(DISK, partitions=kept)


def line(more: str) -> tuple[Act, ...]:
    return (Swap("/boot/grub/grub.cfg", " ro ", f" ro {more} "),)


def fstab(more: str) -> tuple[Act, ...]:
    return (Write("/etc/fstab", f"{more}\n", append=True),)


def package(name: str, version: str) -> tuple[Act, ...]:
    text = f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n"
    return (Write("/var/lib/dpkg/status", text, append=True),)


def config(name: str) -> tuple[Act, ...]:
    """A kernel without it, and its package's sum with it: only one rule is meant."""
    return (Swap(f"/boot/config-{KERNEL}", f"CONFIG_{name}=m", f"# CONFIG_{name} is not set"),)


def gone(*paths: str) -> tuple[Act, ...]:
    return tuple(Remove(path) for path in paths)
