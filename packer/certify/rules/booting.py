"""How the machine starts: firmware of both kinds, Secure Boot, mounts that hold nothing up.

Owns the rules on boot loaders and on fstab. Refuses to boot anything: `caretaker image boot` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packer.certify.facts.claims import sold
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, cis, gcp, ours
from packer.certify.tree import Tree
from packer.disk.gpt import BIOS_BOOT, ESP

_FSTAB = "/etc/fstab"
_STABLE = ("UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=", "/dev/disk/by-", "/dev/mapper/")
_NO_DISK = frozenset(
    ("tmpfs", "proc", "sysfs", "devtmpfs", "devpts", "none", "overlay", "efivarfs", "hugetlbfs")
)
_GROWERS = ("/usr/bin/growpart", "/usr/sbin/growpart", "/usr/bin/systemd-repart",
            "/usr/lib/caretaker/grow-data")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mount:
    what: str
    where: str
    kind: str
    options: tuple[str, ...]


def mounts(tree: Tree) -> list[Mount]:
    """Lines of fstab(5); one that is no mount is passed over."""
    found = []
    for line in tree.text(_FSTAB).splitlines():
        words = line.split()
        if len(words) >= 3 and not words[0].startswith("#"):
            options = tuple(words[3].split(",")) if len(words) > 3 else ()
            found.append(Mount(words[0], words[1], words[2], options))
    return found


def _firmware(subject: Subject) -> Iterator[Finding]:
    disk = subject.disk
    if disk is None:
        raise NotApplicableError("the disk itself is not at hand")
    loaders = [path.upper() for path in disk.esp]
    arm = any(path.endswith("/BOOTAA64.EFI") for path in loaders)
    if not any(each.kind == ESP for each in disk.partitions):
        yield Finding("/disk", "has no EFI system partition")
    elif not any(path in ("/EFI/BOOT/BOOTX64.EFI", "/EFI/BOOT/BOOTAA64.EFI") for path in loaders):
        yield Finding("/boot/efi/EFI/BOOT", "has no boot loader that UEFI finds by itself")
    if not arm and not any(each.kind == BIOS_BOOT for each in disk.partitions):
        yield Finding("/disk", "has no BIOS boot partition, so older machine types do not start")


def _signed(subject: Subject) -> Iterator[Finding]:
    """Shim, with GRUB beside it: what Microsoft's key signed starts what the distribution did."""
    disk = subject.disk
    if disk is None:
        raise NotApplicableError("the disk itself is not at hand")
    names = {path.upper().rpartition("/")[2] for path in disk.esp}
    if names and not names & {"GRUBX64.EFI", "GRUBAA64.EFI"}:
        yield Finding("/boot/efi/EFI", "has no signed GRUB beside shim: Secure Boot refuses it")


def _steady(subject: Subject) -> Iterator[Finding]:
    for each in mounts(subject.tree):
        if each.kind in _NO_DISK or each.what in _NO_DISK or each.kind == "swap":
            continue
        if not each.what.startswith(_STABLE) and each.what.startswith("/dev/"):
            yield Finding(_FSTAB, f"{each.where} is named {each.what}, which another cloud calls "
                                  "otherwise")  # fmt: skip


def _swap(subject: Subject) -> Iterator[Finding]:
    for each in mounts(subject.tree):
        if each.kind == "swap":
            yield Finding(_FSTAB, f"turns swap on ({each.what})")
    for path in ("/swapfile", "/swap.img", "/var/swap", "/swap", "/var/swapfile"):
        entry = subject.tree.entry(path)
        if entry is not None and entry.is_file and entry.size:
            yield Finding(path, f"a file of {entry.size} bytes for swap")


def _remote(subject: Subject) -> Iterator[Finding]:
    for each in mounts(subject.tree):
        if each.kind in ("nfs", "nfs4", "cifs", "glusterfs", "fuse.sshfs", "9p", "vboxsf"):
            yield Finding(_FSTAB, f"{each.where} is {each.kind} from {each.what.split('@')[-1]}")
        elif each.kind == "iso9660" or "/dev/sr" in each.what or "/dev/fd" in each.what:
            yield Finding(_FSTAB, f"{each.where} is a disc of the machine that installed it")


def _grows(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    tree = subject.tree
    if not any(tree.entry(path, follow=True) for path in _GROWERS):
        yield Finding("/usr/bin/growpart", "is not there: a larger disk is of no use")
    own = any("x-systemd.growfs" in each.options for each in mounts(tree))
    if not own and tree.entry("/etc/cloud", follow=True) is None:
        yield Finding(_FSTAB, "nothing is grown: no x-systemd.growfs, and no cloud-init")


BOOTING = (
    Rule("BOOT-01", "The disk starts by BIOS and by UEFI",
         (azure("Gen1 and Gen2"), aws("boot mode"), gcp("UEFI_COMPATIBLE")),
         frozenset(("aws", "azure", "gcp")), "high", _firmware,
         "make the base disk with both: caretaker image base",
         faults=("no-uefi-loader", "no-bios-boot")),
    Rule("BOOT-02", "Secure Boot finds a signed chain",
         (gcp("TestGuestSecureBoot"), azure("Trusted launch")), frozenset(("azure", "gcp")),
         "medium", _signed, "put shim-signed and grub-efi-amd64-signed on the EFI partition",
         faults=("no-signed-grub",)),
    Rule("FS-01", "fstab names file systems by what stays the same",
         (azure("UUIDs in fstab"), gcp("TestDiskResize")), frozenset(("aws", "azure", "gcp")),
         "high", _steady, "write UUID=… in /etc/fstab (blkid tells it)", faults=("fstab-sda",)),
    Rule("FS-02", "No swap on the OS disk",
         (azure("policy 200.3.3: no swap on the OS disk"),), frozenset(("azure", "caretaker")),
         "high", _swap, "swapoff; take the line out of /etc/fstab and the file away",
         faults=("swap-file", "swap-in-fstab")),
    Rule("FS-03", "fstab mounts nothing of the machine that built it",
         (cis("1.1.2"), ours("boots by itself")), frozenset(("cis", "caretaker")), "high", _remote,
         "take the line out of /etc/fstab", faults=("fstab-nfs", "fstab-disc")),
    Rule("FS-04", "The root or the data volume grows with the disk", (gcp("TestDiskResize"),),
         frozenset(("gcp", "caretaker")), "medium", _grows,
         "apt-get install cloud-guest-utils; add x-systemd.growfs to a line of /etc/fstab",
         faults=("no-growpart",)),
)  # fmt: skip
