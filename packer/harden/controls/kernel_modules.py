"""Parts of the kernel that no appliance needs are never loaded.

Owns one file of modprobe's. Refuses udf: Azure hands provisioning data over on a UDF disc; and
overlayfs: containers and our own tests stand on it.
"""

from __future__ import annotations

from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

FILE_SYSTEMS = ("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2", "squashfs")
BUSES = ("usb-storage", "firewire-core", "thunderbolt")
# Lynis knows only this spelling: loading them does nothing, and says so to nobody.
PROTOCOLS = ("dccp", "sctp", "rds", "tipc")


def _text(names: tuple[str, ...], program: str = "/bin/false") -> str:
    return "".join(f"install {name} {program}\nblacklist {name}\n" for name in names)


KERNEL_MODULES = (
    control(
        "H-MOD-01", "Rare file systems are not loaded",
        cis("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5", "1.1.1.7"), "low",
        (whole_file("/etc/modprobe.d/caretaker-file-systems.conf", _text(FILE_SYSTEMS)),),
        faults=("module-cramfs",),
    ),
    control(
        "H-MOD-02", "No storage comes by USB, FireWire or Thunderbolt", cis("1.1.1.9"), "low",
        (whole_file("/etc/modprobe.d/caretaker-buses.conf", _text(BUSES)),),
        faults=("module-usb",),
    ),
    control(
        "H-MOD-03", "Rare network protocols are not loaded",
        cis("3.2.1", "3.2.2", "3.2.3", "3.2.4"), "low",
        (whole_file("/etc/modprobe.d/caretaker-protocols.conf", _text(PROTOCOLS, "/bin/true")),),
        faults=("module-sctp",),
    ),
)  # fmt: skip
