"""Rules about disk, boot, kernel, clouds and files: each is able to fail, none alarms falsely."""

import struct
from dataclasses import replace

import pytest

from bench.certify.planting import Link, Swap, Write, planted
from packer.certify.beside import PartsList
from packer.certify.facts.manifest import manifest_of
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.origins.releases import _is_whole
from packer.certify.rule import Rule, Subject
from packer.certify.rules import (
    accounted,
    appliance,
    binaries,
    booting,
    cloud,
    disks,
    kernel,
    networks,
    versions,
)
from packer.certify.running import Socket
from tests.unit.certify_twin import (
    CLOUD,
    DISK,
    ELF,
    GIB,
    KERNEL,
    MIB,
    RUNNING,
    TOOL,
    UNITS,
    Case,
    config,
    fstab,
    gone,
    line,
    package,
    parts,
    release,
    without,
)

RULES: tuple[Rule, ...] = (
    *disks.DISKS,
    *booting.BOOTING,
    *kernel.KERNEL,
    *cloud.CLOUD,
    *networks.NETWORKS,
    *versions.VERSIONS,
    *appliance.APPLIANCE,
    *binaries.BINARIES,
    *accounted.ACCOUNTED,
)
BY_ID = {rule.id: rule for rule in RULES}
RELEASE = "1.0-7aefe3bd19f1"
SOURCES = "/etc/cloud/cloud.cfg.d/90-image.cfg"
SETUP = f"{UNITS}/multi-user.target.wants/caretaker-setup.service"


def debugging() -> bytes:
    """A program with a section named as debugging symbols are; nothing else in it is real."""
    names = b"\0.debug_info\0.text\0"
    head = struct.pack("<16sHHIQQQIHHHHHH", ELF[:16], 2, 62, 1, 0, 0, 8192, 0, 64, 0, 0, 64, 2, 1)
    sections = bytes(64) + struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 4096, len(names), 0, 0, 1, 0)
    return head.ljust(4096, b"\0") + names.ljust(4096, b"\0") + sections


LISTS = "/var/lib/apt/lists/deb.example.org_debian-security_main_binary-amd64_Packages"
CASES = (
    Case("swap-partition", "DISK-01", disk=parts(4, holds="swap")),
    Case("gpt-damaged", "DISK-02", disk=replace(DISK, table_errors=("the copies differ",))),
    Case("disk-without-table", "DISK-02", disk=replace(DISK, table="")),
    Case("first-mib-used", "DISK-03", disk=replace(DISK, gap_used=True)),
    Case("disk-too-small", "DISK-04", disk=replace(DISK, size=512 * MIB)),
    Case("disk-below-30", "DISK-05", disk=replace(DISK, size=8 * GIB)),
    Case("disk-odd-size", "DISK-06", disk=replace(DISK, size=30 * GIB + 512)),
    Case("partition-unaligned", "DISK-07", disk=parts(3, start=34 * MIB + 512)),
    Case("root-on-lvm", "DISK-08", disk=parts(4, holds="LVM2_member")),
    Case("disk-encrypted", "DISK-08", disk=parts(3, holds="crypto_LUKS")),
    Case("no-data-volume", "DISK-09", disk=without(4)),
    Case("unread-partition", "DISK-10", disk=parts(4, holds="ntfs", names=-1)),
    Case("no-uefi-loader", "BOOT-01", disk=replace(DISK, esp=("/EFI/debian/grub.cfg",))),
    Case("no-bios-boot", "BOOT-01", disk=without(1)),
    Case("no-signed-grub", "BOOT-02", disk=replace(DISK, esp=("/EFI/BOOT/BOOTX64.EFI",))),
    Case("fstab-sda", "FS-01", fstab("/dev/sda3 /data ext4 defaults 0 2")),
    Case("swap-file", "FS-02", (Write("/swapfile", b"x" * 4096, 0o600),)),
    Case("swap-in-fstab", "FS-02", fstab("UUID=9 none swap sw 0 0")),
    Case("fstab-nfs", "FS-03", fstab("10.0.0.1:/export /mnt nfs defaults 0 0")),
    Case("fstab-disc", "FS-03", fstab("/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0")),
    Case("no-growpart", "FS-04", gone("/usr/bin/growpart")),
    Case("no-serial-console", "KRN-01", (Swap("/boot/grub/grub.cfg", "console=ttyS0", "x=y"),)),
    Case("rootdelay", "KRN-02", line("rootdelay=300")),
    Case("quiet-boot", "KRN-02", line("quiet")),
    Case("apparmor-off", "KRN-02", line("apparmor=0")),
    Case("mitigations-off", "KRN-02", line("mitigations=off")),
    Case("kernel-without-modules", "KRN-04", (Write("/boot/vmlinuz-9.9", "MZ"),)),
    Case("kernel-without-initrd", "KRN-04", gone(f"/boot/initrd.img-{KERNEL}")),
    Case("udf-blocked", "KRN-05", (Write("/etc/modprobe.d/x.conf", "install udf /bin/true\n"),)),
    Case("kernel-without-hyperv", "KRN-06", config("HYPERV_NET")),
    Case("kernel-without-ena", "KRN-07", config("ENA_ETHERNET")),
    Case("kernel-without-gve", "KRN-08", config("GVE")),
    Case("kernel-without-virtio", "KRN-09", config("VIRTIO_BLK")),
    Case("no-cloud-init", "CI-01", gone("/usr/bin/cloud-init")),
    Case("cloud-init-disabled", "CI-01", (Write("/etc/cloud/cloud-init.disabled", "x"),)),
    Case("datasource-missing", "CI-04", (Swap(SOURCES, "Azure, ", ""),)),
    Case("cloud-init-ran", "CI-05", (Write("/var/lib/cloud/data/instance-id", "i-1"),)),
    Case("waagent-old", "AGT-01", (Swap("/var/lib/dpkg/status", "2.7.3.0-1", "2.2.40-1"),)),
    Case("waagent-swap", "AGT-01", (Write("/etc/waagent.conf", "ResourceDisk.EnableSwap=y\n"),)),
    Case("no-google-agent", "AGT-02", (Swap("/var/lib/dpkg/status", "google-guest-agent", "g"),)),
    Case("no-aws-agent", "AGT-03", (Swap("/var/lib/dpkg/status", "amazon-ssm-agent", "a"),)),
    Case("growroot-package", "AGT-04", package("cloud-initramfs-growroot", "0.18")),
    Case("undeclared-listener", "NET-01",
         running=replace(RUNNING, sockets=(Socket("tcp", "0.0.0.0", 6379, "redis"),))),
    Case("mac-pinned", "NET-02", (Write("/etc/udev/rules.d/70-persistent-net.rules",
                                        'ATTR{address}=="52:54:00:12:34:56", NAME="eth0"\n'),)),
    Case("static-address", "NET-03", (Write("/etc/systemd/network/10-eth.network",
                                            "[Network]\nAddress=10.0.2.15/24\n"),)),
    Case("no-dhcp", "NET-03",
         gone("/etc/systemd/network/80-all.network", "/usr/bin/cloud-init")),
    Case("no-time-sync", "NTP-01", gone(f"{UNITS}/sysinit.target.wants/systemd-timesyncd.service")),
    Case("two-time-syncs", "NTP-01", (Write(f"{UNITS}/multi-user.target.wants/chrony.service"),)),
    Case("failed-unit", "SVC-10", running=replace(RUNNING, failed=("shop.service",))),
    Case("python-old", "VER-01", (Swap("/var/lib/dpkg/status", "3.11.2-1", "3.7.3-1"),)),
    Case("openssl-old", "VER-02", package("libssl1.1", "1.1.1w-0")),
    Case("system-ended", "VER-03", (Swap("/etc/os-release", '"12"', '"9"'),)),
    Case("omi-old", "VER-04", package("omi", "1.6.8.0")),
    Case("update-pending", "UPD-01",
         (Write(LISTS, "Package: libssl3\nVersion: 3.0.17-1~deb12u2\n"),)),
    Case("manifest-broken", "APP-01", (Write("/etc/caretaker/appliance.toml", "[appliance\n"),)),
    Case("setup-not-enabled", "APP-02", gone(SETUP)),
    Case("environment-missing", "APP-02", gone("/opt/caretaker/venv/bin/caretaker")),
    Case("no-release", "APP-03", gone(f"/opt/shop/releases/{RELEASE}")),
    Case("set-up-already", "APP-04", (Write("/var/lib/caretaker/first-boot-12ab", ""),)),
    Case("no-sbom", "SUP-01", beside=()),
    Case("sbom-unsigned", "SUP-01", beside=(PartsList("shop.spdx.json", signed=False),)),
    Case("sbom-broken", "SUP-01",
         beside=(PartsList("shop.cdx.json", signed=True, wrong="is no JSON"),)),
    Case("no-root-of-trust", "SUP-02", gone("/etc/caretaker/keys/root.json")),
    Case("unstripped-program", "BIN-01", (Write("/opt/tool/x", debugging(), 0o755),)),
    Case("foreign-program", "ARCH-02",
         (Write("/opt/tool/x", ELF[:18] + b"\xb7\x00" + ELF[20:], 0o755),)),
    Case("unexplained-program", "ACC-01", (Write("/usr/bin/helper", ELF, 0o755),)),
    Case("unexplained-in-opt", "ACC-01", (Write(f"/opt/shop/releases/{RELEASE}/more", "x"),)),
    Case("unexplained-in-tool", "ACC-01",
         (Write(f"/opt/caretaker/tools/{TOOL}/setup/setup.sh", "#!/bin/sh\nevil\n"),)),
    Case("changed-packaged-program", "ACC-02", (Write("/usr/bin/env", ELF + b"x", 0o755),)),
    Case("missing-packaged-file", "ACC-03", gone(f"/usr/lib/modules/{KERNEL}/kernel/x.ko")),
)  # fmt: skip


def found(case: Case) -> list[Finding]:
    tree = planted(None, *release(RELEASE), *case.acts)
    subject = Subject(tree, manifest_of(tree), case.disk, case.running, case.beside)
    try:
        return list(BY_ID[case.rule].probe(subject))
    except NotApplicableError:
        return []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_planted_fault_is_found(case: Case) -> None:
    assert found(case)
    assert case.name in BY_ID[case.rule].faults


@pytest.mark.parametrize("rule", sorted(BY_ID))
def test_the_clean_twin_has_no_finding(rule: str) -> None:
    assert found(Case("", rule)) == []
    assert found(Case("", rule, running=RUNNING)) == []


def test_every_fault_that_these_rules_name_is_planted() -> None:
    named = {name for rule in RULES for name in rule.faults}
    assert named - {case.name for case in CASES} == set()


def test_a_plain_distribution_is_not_asked_to_be_an_appliance() -> None:
    """Nothing but what every system has: no rule may say anything."""
    programs = (Write("/usr/bin/sh", ELF, 0o755), Write("/usr/bin/env", ELF, 0o755))
    passwd = Write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
    tree = planted(None, *programs, Link("/bin", "usr/bin"), passwd)
    for rule in RULES:
        try:
            assert list(rule.probe(Subject(tree))) == [], rule.id
        except NotApplicableError as reason:
            assert str(reason)  # noqa: PT017 — most rules say why they do not concern it


def test_a_release_is_whole_only_as_it_was_staged() -> None:
    tree = planted(None, *release(RELEASE))
    top = f"/opt/shop/releases/{RELEASE}"
    assert _is_whole(tree, top, RELEASE.partition("-")[2])
    assert not _is_whole(tree, top, "0" * 12)


def test_datasources_may_stand_on_lines_of_their_own() -> None:
    many = "datasource_list:\n  - NoCloud\n  - Ec2\n  - Azure\n  - GCE\n  - DigitalOcean\n"
    assert found(Case("", "CI-04", (Swap(SOURCES, CLOUD, many),))) == []
