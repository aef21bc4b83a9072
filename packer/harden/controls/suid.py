"""Programs that run as root for everybody: only those that must.

Owns the list, and taking the bit away by dpkg-statoverride(1), so that an update does not bring it
back. Refuses to remove the programs: root still uses them.
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want, cis, control

# Changing one's name, shell or group is nobody's business on an appliance; host-based SSH is off.
NEEDLESS = (
    *("/usr/bin/chfn", "/usr/bin/chsh", "/usr/bin/gpasswd", "/usr/bin/newgrp"),
    *("/usr/bin/expiry", "/usr/bin/chage", "/usr/lib/openssh/ssh-keysign"),
    *("/usr/bin/at", "/usr/bin/ntfs-3g", "/usr/bin/fusermount", "/usr/sbin/pppd"),
)
_BITS = 0o6000


def _plain(path: str) -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        entry = subject.tree.entry(path)
        if entry is not None and entry.is_file and entry.mode & _BITS:
            yield Finding(path, "runs with the rights of its owner or group, for everybody")

    def make(site: Site) -> None:
        root = f"--root={site.host.root}"
        argv = ["dpkg-statoverride", root, "--force-all", "--update"]
        hands.run(site, [*argv, "--add", "root", "root", "0755", path])

    return Want(path, look, make)


SUID = (
    control(
        "H-SUID-01", "Programs have root's rights only where people need them", cis("7.1.13"),
        "medium", tuple(_plain(path) for path in NEEDLESS), faults=("suid-chsh",),
    ),
)  # fmt: skip
