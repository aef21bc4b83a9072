"""The kernel: what stands on its line, what it can drive, what it is kept from.

Owns the rules that clouds have about it. Refuses the settings of hardening, which are controls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts import boot_line
from packer.certify.facts.claims import sold
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Probe, Rule, Subject
from packer.certify.rules.documents import aws, azure, digitalocean, gcp, ours
from packer.certify.tree import Tree

_SERIAL = re.compile(r"console=tty(?:S0|AMA0)(?:,|$)")
_FORBIDDEN = {
    "libata.atapi_enabled=0": "Azure's provisioning disc can't be read",
    "reserve=0x1f0,0x8": "Azure's provisioning disc can't be read",
    "quiet": "the serial console says nothing of a boot that failed",
    "rhgb": "the serial console says nothing of a boot that failed",
    "selinux=0": "turns SELinux off",
    "apparmor=0": "turns AppArmor off",
    "mitigations=off": "turns the guards against side channels off",
    "nokaslr": "turns the kernel's random addresses off",
    "noexec=off": "lets data be executed",
    "init=/bin/sh": "starts a shell for whoever stands at the console",
    "init=/bin/bash": "starts a shell for whoever stands at the console",
    "systemd.debug_shell": "opens a root shell on a terminal",
    "systemd.debug-shell": "opens a root shell on a terminal",
    "rd.break": "opens a root shell before the system starts",
}
# Of the kernel's configuration; a driver may be built in or a module.
_DRIVERS: dict[str, tuple[str, ...]] = {
    "azure": ("HYPERV", "HYPERV_STORAGE", "HYPERV_NET", "PCI_HYPERV", "UDF_FS", "VFAT_FS"),
    "aws": ("ENA_ETHERNET", "BLK_DEV_NVME", "IXGBEVF"),
    "gcp": ("SCSI_VIRTIO", "VIRTIO_NET", "GVE", "BLK_DEV_NVME"),
    "digitalocean": ("VIRTIO_BLK", "VIRTIO_NET", "SCSI_VIRTIO"),
}
_ARM_LACKS = ("IXGBEVF",)
_NEEDED = ("udf", "vfat", "hv_netvsc", "hv_storvsc", "ena", "nvme", "gve", "virtio_net", "xfs")
_BLOCKED = re.compile(r"^\s*(?:blacklist\s+(\S+)|install\s+(\S+)\s+/(?:usr/)?bin/(?:true|false))")


def _lines(subject: Subject) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = boot_line.lines(subject)
    if not found:
        raise NotApplicableError("no boot loader's menu in the tree")
    return found


def _serial(subject: Subject) -> Iterator[Finding]:
    for path, words in _lines(subject):
        if "single" not in words and not any(_SERIAL.match(word) for word in words):
            yield Finding(path, "starts a kernel without console=ttyS0 (arm64: ttyAMA0)")


def _forbidden(subject: Subject) -> Iterator[Finding]:
    for path, words in _lines(subject):
        for word in words:
            if why := _FORBIDDEN.get(word):
                yield Finding(path, f"{word} on the kernel's line: {why}")
            elif word.startswith("rootdelay=") and word.partition("=")[2] not in ("", "0"):
                yield Finding(path, f"{word}: each boot waits that many seconds for nothing")


def _configs(tree: Tree) -> list[str]:
    return [f"/boot/{name}" for name in tree.names("/boot") if name.startswith("config-")]


def _drives(cloud: str) -> Probe:
    def probe(subject: Subject) -> Iterator[Finding]:
        configs = _configs(subject.tree)
        if not configs:
            raise NotApplicableError("no /boot/config-* says what the kernel can drive")
        for path in configs:
            said = set(re.findall(r"(?m)^CONFIG_(\w+)=[ym]$", subject.tree.text(path)))
            for name in _DRIVERS[cloud]:
                if name not in said and not ("ARM64" in said and name in _ARM_LACKS):
                    yield Finding(path, f"CONFIG_{name} is not set")

    return probe


def _kernel(subject: Subject) -> Iterator[Finding]:
    names = subject.tree.names("/boot")
    if not names:
        raise NotApplicableError("no /boot in the tree")
    kernels = [name for name in names if name.startswith("vmlinuz-")]
    if not kernels:
        sold(subject)
        yield Finding("/boot", "has no kernel")
    for name in kernels:
        version = name.removeprefix("vmlinuz-")
        modules = f"/usr/lib/modules/{version}"
        if (
            subject.tree.entry(modules, follow=True) is None
            and subject.tree.entry(f"/lib/modules/{version}", follow=True) is None
        ):
            yield Finding(modules, "the kernel's modules are not there")
        if not {f"initrd.img-{version}", f"initramfs-{version}.img"} & {*names}:
            yield Finding(f"/boot/{name}", "has no initial file system beside it")


def _blocked(subject: Subject) -> Iterator[Finding]:
    for folder in ("/usr/lib/modprobe.d", "/etc/modprobe.d"):
        for name in subject.tree.names(folder):
            path = f"{folder}/{name}"
            for line in subject.tree.text(path).splitlines():
                found = _BLOCKED.match(line)
                module = (found[1] or found[2] if found else "").replace("-", "_")
                if module in _NEEDED:
                    yield Finding(path, f"keeps {module} from being loaded, which clouds need")


KERNEL = (
    Rule("KRN-01", "The kernel speaks on the serial console",
         (azure("Linux test cases: kernel parameters"), gcp("serial console output")),
         frozenset(("aws", "azure", "gcp", "digitalocean")), "high", _serial,
         "put console=tty0 console=ttyS0,115200n8 on GRUB_CMDLINE_LINUX; update-grub",
         faults=("no-serial-console",)),
    Rule("KRN-02", "No word on the kernel's line hides, weakens or delays the boot",
         (azure("Linux test cases: kernel parameters"), ours("rootdelay delays each boot")),
         frozenset(("azure", "caretaker")), "high", _forbidden,
         "take the word out of /etc/default/grub; update-grub",
         faults=("rootdelay", "quiet-boot", "apparmor-off", "mitigations-off")),
    Rule("KRN-04", "A kernel is there, with its modules and its initial file system",
         (aws("AMI must boot"), ours("boots by itself")), frozenset(("aws", "caretaker")),
         "critical", _kernel, "apt-get install --reinstall the kernel's package",
         faults=("kernel-without-modules", "kernel-without-initrd")),
    Rule("KRN-05", "No module that a cloud needs is kept from being loaded",
         (azure("udf and vfat for provisioning"), gcp("gVNIC and VirtIO drivers")),
         frozenset(("aws", "azure", "gcp", "digitalocean")), "high", _blocked,
         "take the line out of /etc/modprobe.d; update-initramfs -u", faults=("udf-blocked",)),
    Rule("KRN-06", "The kernel drives Azure's machines", (azure("Hyper-V drivers"),),
         frozenset(("azure",)), "critical", _drives("azure"), "install linux-image-cloud",
         faults=("kernel-without-hyperv",)),
    Rule("KRN-07", "The kernel drives AWS's machines", (aws("ENA and NVMe drivers"),),
         frozenset(("aws",)), "critical", _drives("aws"), "install linux-image-cloud",
         faults=("kernel-without-ena",)),
    Rule("KRN-08", "The kernel drives Google's machines", (gcp("gVNIC and VirtIO drivers"),),
         frozenset(("gcp",)), "critical", _drives("gcp"), "install linux-image-cloud",
         faults=("kernel-without-gve",)),
    Rule("KRN-09", "The kernel drives DigitalOcean's machines", (digitalocean("VirtIO"),),
         frozenset(("digitalocean",)), "critical", _drives("digitalocean"),
         "install linux-image-cloud", faults=("kernel-without-virtio",)),
)  # fmt: skip
