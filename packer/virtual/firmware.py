"""What a virtual machine starts with: BIOS, UEFI, UEFI with Secure Boot, or UEFI on arm64.

Owns the records: programs, files and switches of QEMU. Refuses to look whether they are installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["bios", "uefi", "secure", "arm64"]


@dataclass(frozen=True, slots=True)
class Firmware:
    """`code` is mapped read-only, `variables` is copied for each machine; empty with a BIOS."""

    name: Name
    title: str
    program: str
    machine: str
    processor: str
    package: str
    """Debian's, with the firmware in it."""
    code: str = ""
    variables: str = ""
    switches: tuple[str, ...] = ()


_X86 = "qemu-system-x86_64"
_OVMF = "/usr/share/OVMF/"

FIRMWARES = (
    Firmware("bios", "BIOS", _X86, "q35", "max", "qemu-system-x86"),
    Firmware(
        "uefi", "UEFI", _X86, "q35", "max", "ovmf",
        f"{_OVMF}OVMF_CODE_4M.fd", f"{_OVMF}OVMF_VARS_4M.fd",
    ),
    Firmware(
        # Without SMM, and writes to the variables from there alone, a kernel could turn Secure Boot
        # off (OVMF's README, "Build Flags", SMM_REQUIRE). The variables hold Microsoft's keys.
        "secure", "UEFI, Secure Boot", _X86, "q35,smm=on", "max", "ovmf",
        f"{_OVMF}OVMF_CODE_4M.secboot.fd", f"{_OVMF}OVMF_VARS_4M.ms.fd",
        ("-global", "driver=cfi.pflash01,property=secure,value=on"),
    ),
    Firmware(
        # Pointer authentication in software costs half of the time; this variant of it does not.
        "arm64", "UEFI, arm64", "qemu-system-aarch64", "virt", "max,pauth-impdef=on",
        "qemu-efi-aarch64", "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd",
    ),
)  # fmt: skip


def firmware_of(name: str) -> Firmware:
    """Raises KeyError."""
    return {each.name: each for each in FIRMWARES}[name]  # type: ignore[index]  # any word is asked
