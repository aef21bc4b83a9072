"""The base disk booted: every firmware, the data volume on a larger disk, host keys, nothing red.

`CARETAKER_TEST_BASE` names a folder of `caretaker image base`; else one is made, once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.host.machine import Host
from packer.disk import making, system
from packer.virtual.firmware import firmware_of
from packer.virtual.machine import Virtual, starting
from packer.virtual.seed import Seed
from packer.virtual.shape import Shape
from tests.image.conftest import give_up
from tests.machine.rootfs import cache_folder

PATIENCE = 400.0
LARGER = 40  # GiB; the disk as made has 30
TOOLS = ("mmdebstrap", "mkfs.xfs", "mke2fs", "mcopy", "grub-mkimage", "qemu-img")


@pytest.fixture(scope="session")
def base(host: Host) -> Path:
    if asked := os.environ.get("CARETAKER_TEST_BASE"):
        return Path(asked) / "base.qcow2"
    wanted = system.load("debian-12")
    folder = cache_folder() / f"base-{making.definition(wanted)[:12]}"
    if not (folder / "base.json").exists():
        missing = [name for name in TOOLS if not shutil.which(name)]
        if missing or os.geteuid() != 0:
            give_up(f"a base disk needs root, and {', '.join(missing) or 'nothing else'}")
        shutil.rmtree(folder, ignore_errors=True)
        making.make(host, wanted, folder, epoch=0, told=print)
    return folder / "base.qcow2"


def larger(base: Path, folder: Path) -> Path:
    image = folder / "larger.qcow2"
    argv = ("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(base.resolve()))
    subprocess.run([*argv, str(image), f"{LARGER}G"], check=True)
    return image


def nothing_failed(machine: Virtual) -> None:
    machine.wait_ssh(timeout=PATIENCE)
    machine.ssh(["systemctl", "is-system-running", "--wait"], timeout=PATIENCE)
    assert machine.must(["systemctl", "--failed", "--no-legend", "--plain"]).split() == []


def test_the_data_volume_grows_with_the_disk(host: Host, base: Path, tmp_path: Path) -> None:
    shape = Shape(larger(base, tmp_path), firmware_of("bios"))
    with starting(host, shape, Seed("i-base", "base")) as machine:
        nothing_failed(machine)
        kind, options = machine.must(["findmnt", "-rno", "FSTYPE,OPTIONS", "/srv"]).split()
        assert kind == "xfs"
        assert {"nosuid", "nodev"} <= set(options.split(","))
        size = int(machine.must(["df", "--output=size", "-B1", "/srv"]).split()[-1])
        # 8 GiB are the root's; XFS keeps its log and some tables for itself.
        assert size > (LARGER - 8 - 1) << 30
        machine.must(["cp", "/etc/os-release", "/srv/one"])
        machine.must(["cp", "--reflink=always", "/srv/one", "/srv/other"])
        keys = machine.must(["sh", "-c", "ls /etc/ssh/ssh_host_*_key"]).split()
        assert [key.rpartition("/")[2] for key in keys] == [
            "ssh_host_ecdsa_key", "ssh_host_ed25519_key",
        ]  # fmt: skip
        machine.reboot(timeout=PATIENCE)
        nothing_failed(machine)
        assert int(machine.must(["df", "--output=size", "-B1", "/srv"]).split()[-1]) == size


@pytest.mark.parametrize("firmware", ["uefi", "secure"])
def test_it_boots_by_uefi(host: Host, base: Path, firmware: str) -> None:
    with starting(host, Shape(base, firmware_of(firmware)), Seed("i-base", "base")) as machine:
        nothing_failed(machine)
        assert machine.must(["test", "-d", "/sys/firmware/efi"]) == ""
        said = machine.must(["sh", "-c", "dmesg | grep -i 'secure boot'"])
        assert ("Secure boot enabled" in said) is (firmware == "secure")
