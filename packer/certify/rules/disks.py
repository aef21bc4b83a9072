"""The disk as a whole: its size, its table, what its partitions hold, its format.

Owns the rules that need the image file. Refuses to judge a tree without one.
"""

from __future__ import annotations

from collections.abc import Iterator

from packer.certify.disk_facts import DiskFacts, Partition
from packer.certify.facts.claims import sold
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Rule, Subject, Target
from packer.certify.rules.documents import aws, azure, gcp, ours
from packer.disk.gpt import BIOS_BOOT

_GIB = 1 << 30
_MIB = 1 << 20
_DATA = ("xfs", "btrfs")
_LAYERS = ("crypto_LUKS", "LVM2_member", "linux_raid_member")
_CLOUDS: frozenset[Target] = frozenset(("aws", "azure", "gcp", "digitalocean"))


def _disk(subject: Subject) -> DiskFacts:
    if subject.disk is None:
        raise NotApplicableError("the disk itself is not at hand")
    return subject.disk


def _where(partition: Partition) -> str:
    return f"/partition {partition.number}" + (f" ({partition.name})" if partition.name else "")


def _table(subject: Subject) -> Iterator[Finding]:
    disk = _disk(subject)
    for error in disk.table_errors:
        yield Finding("/disk", error)
    if disk.table != "gpt":
        yield Finding("/disk", f"has no GPT ({disk.table or 'no table of partitions at all'})")


def _size(subject: Subject) -> Iterator[Finding]:
    disk = _disk(subject)
    if not 1 * _GIB <= disk.size <= 1023 * _GIB:
        yield Finding("/disk", f"has {disk.size / _GIB:.2f} GiB; 1 to 1023 are taken")


def _size_asked(subject: Subject) -> Iterator[Finding]:
    disk = _disk(subject)
    if disk.size < 30 * _GIB:
        yield Finding("/disk", f"has {disk.size / _GIB:.0f} GiB; the policy asks for 30")


def _whole(subject: Subject) -> Iterator[Finding]:
    disk = _disk(subject)
    if disk.size % _MIB:
        yield Finding("/disk", f"its {disk.size} bytes are no whole MiB, as a VHD must have")
    elif disk.size % _GIB:
        yield Finding("/disk", f"its {disk.size} bytes are no whole GiB, as Google's import asks")


def _gap(subject: Subject) -> Iterator[Finding]:
    if _disk(subject).gap_used:
        yield Finding("/disk", "something stands in its first MiB, before the first partition")


def _aligned(subject: Subject) -> Iterator[Finding]:
    for each in _disk(subject).partitions:
        if each.start % _MIB:
            yield Finding(_where(each), f"begins at byte {each.start}, which is no whole MiB")


def _swap(subject: Subject) -> Iterator[Finding]:
    for each in _disk(subject).partitions:
        if each.holds == "swap" or each.kind == "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F":
            yield Finding(_where(each), "is for swap")


def _layers(subject: Subject) -> Iterator[Finding]:
    for each in _disk(subject).partitions:
        if each.holds in _LAYERS:
            yield Finding(_where(each), f"holds {each.holds}")
    roots = [each for each in _disk(subject).partitions if each.holds == "ext4"]
    if len(roots) > 1:
        yield Finding(_where(roots[1]), "is a second ext4 beside the root")


def _volume(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    volumes = [each for each in _disk(subject).partitions if each.holds in _DATA]
    if not volumes:
        yield Finding("/disk", "has no data volume of XFS or btrfs, where data can be cloned")
    for each in volumes:
        if each.names > 0:
            count = f"{each.names} names" if each.names > 1 else "one name"
            yield Finding(_where(each), f"is not empty: {count}, which no rule looked into")


def _unread(subject: Subject) -> Iterator[Finding]:
    for each in _disk(subject).partitions:
        known = each.holds in ("ext4", "vfat", "swap", *_LAYERS) or each.names == 0
        if not known and each.kind != BIOS_BOOT:
            what = each.holds or "something unknown"
            yield Finding(_where(each), f"holds {what}, whose files no rule looked into")


DISKS = (
    Rule("DISK-01", "No partition of the disk is swap",
         (azure("policy 200.3.3: no swap on the OS disk"),), _CLOUDS, "high", _swap,
         "leave swap out; make it on a temporary disk at boot", faults=("swap-partition",)),
    Rule("DISK-02", "The disk has a sound GPT, both copies alike",
         (gcp("TestGuestSecureBoot"), ours("firmware boots from either copy")), _CLOUDS, "high",
         _table, "sgdisk -v DISK; make the image again",
         faults=("gpt-damaged", "disk-without-table")),
    Rule("DISK-03", "The disk's first MiB holds nothing but its table",
         (azure("1 MB of free space at the beginning"),), frozenset(("azure",)), "medium", _gap,
         "begin the first partition at sector 2048 and leave nothing before it",
         faults=("first-mib-used",)),
    Rule("DISK-04", "The disk has from 1 to 1023 GiB",
         (azure("size of the OS disk, 1 to 1023 GB"),),
         frozenset(("azure", "aws", "gcp")), "high", _size, "make a disk of another size",
         faults=("disk-too-small",)),
    Rule("DISK-05", "The disk has 30 GiB or more, as Azure's policy advises",
         (azure("policy 200: OS disk of 30 GB or more"),), frozenset(("azure",)), "low",
         _size_asked, "make the disk larger: holes cost nothing", warn=True,
         faults=("disk-below-30",)),
    Rule("DISK-06", "The disk's size is a whole number of GiB",
         (azure("virtual size a multiple of 1 MB"), gcp("disk.raw of whole GiB")),
         frozenset(("azure", "gcp")), "high", _whole, "qemu-img resize DISK to a whole GiB",
         faults=("disk-odd-size",)),
    Rule("DISK-07", "Partitions begin at whole MiB", (ours("aligned partitions"),),
         frozenset(("caretaker",)), "low", _aligned, "align partitions to 2048 sectors",
         faults=("partition-unaligned",)),
    Rule("DISK-08", "One root file system, no LVM, no RAID, no encryption",
         (aws("AMI must not have encrypted file systems"), azure("single root partition, no LVM")),
         _CLOUDS, "high", _layers, "put the root on a plain partition; clouds encrypt below it",
         faults=("root-on-lvm", "disk-encrypted")),
    Rule("DISK-09", "There is an empty data volume where data can be cloned",
         (ours("generations of data, DESIGN section 9"),), frozenset(("caretaker",)), "medium",
         _volume, "add a partition of XFS (reflink=1) or btrfs", faults=("no-data-volume",)),
    Rule("DISK-10", "No partition holds files that no rule could read",
         (ours("every file accounted for"),), frozenset(("caretaker",)), "medium", _unread,
         "look into it yourself: caretaker certify --root MOUNTED", warn=True,
         faults=("unread-partition",)),
)  # fmt: skip
