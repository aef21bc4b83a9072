"""Packages: those that hardening stands on are there, those that speak in clear are not.

Owns the two lists. Refuses to remove on a mounted tree: a package's own scripts need a machine.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.errors import MachineError
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.certify.tree import Tree
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want, cis, control

STATUS = "/var/lib/dpkg/status"
NEEDED = (
    *("apparmor", "apparmor-utils", "auditd", "libpam-modules", "libpam-pwquality"),
    *(
        "libpam-runtime",
        "nftables",
        "openssh-server",
        "sudo",
        "systemd-timesyncd",
        "unattended-upgrades",
    ),
)
UNWANTED = (
    *("autofs", "avahi-daemon", "bind9", "cups", "dnsmasq", "dovecot-core", "ftp", "tnftp"),
    *("inetutils-telnet", "isc-dhcp-server", "ldap-utils", "nfs-kernel-server", "nis"),
    *("prelink", "rpcbind", "rsh-client", "rsync", "samba", "slapd", "snmpd", "squid", "talk"),
    *("telnet", "telnetd", "tftpd-hpa", "ufw", "vsftpd", "xinetd", "ypserv", "apport"),
    *("iptables-persistent", "xserver-xorg-core"),
)


def installed(tree: Tree) -> frozenset[str]:
    """Names of packages whose files are there. NotApplicableError where there is no dpkg."""
    text = tree.read(STATUS, limit=64 << 20)
    if text is None:
        raise NotApplicableError("no dpkg in the tree")
    found = set()
    for part in text.decode(errors="replace").split("\n\n"):
        lines = dict(
            line.split(": ", 1) for line in part.splitlines() if ": " in line and line[0] != " "
        )
        if lines.get("Status", "").endswith(" installed"):
            found.add(lines.get("Package", ""))
    return frozenset(found)


def _there() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        here = installed(subject.tree)
        yield from (Finding(STATUS, f"{name} is not installed") for name in NEEDED
                    if name not in here)  # fmt: skip

    def make(site: Site) -> None:
        _only_live(site, "install")
        hands.run(site, ["apt-get", "-qq", "update"])
        hands.run(site, ["apt-get", "-qqy", "install", "--no-install-recommends", *NEEDED])

    return Want(STATUS, look, make)


def _gone() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        here = installed(subject.tree)
        yield from (Finding(STATUS, f"{name} is installed") for name in UNWANTED if name in here)

    def make(site: Site) -> None:
        _only_live(site, "remove")
        status = hands.text(site, STATUS)
        names = [name for name in UNWANTED if f"Package: {name}\n" in status]
        hands.run(site, ["apt-get", "-qqy", "purge", *names])

    return Want(STATUS, look, make)


def _only_live(site: Site, verb: str) -> None:
    if not hands.is_live(site):
        raise MachineError(
            "build-failed", f"can't {verb} packages in {site.host.root}: it is not this machine",
            hint=f"put them right where the tree is made, or boot it: apt-get {verb}",
        )  # fmt: skip


PACKAGES = (
    control(
        "H-PKG-01", "What hardening stands on is installed",
        cis("1.3.1.1", "2.3.1.1", "4.3.1", "5.2.1", "5.3.1.1", "5.3.1.2", "5.3.1.3", "6.2.1.1"),
        "high", (_there(),), faults=("package-missing",),
    ),
    control(
        "H-PKG-02", "Nothing is installed that speaks in clear or serves an office",
        cis("2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5", "2.1.6", "2.1.7", "2.1.8", "2.1.9",
            "2.1.10", "2.1.11", "2.1.12", "2.1.13", "2.1.14", "2.1.15", "2.1.16", "2.1.17",
            "2.1.19", "2.2.1", "2.2.2", "2.2.3", "2.2.4", "2.2.5", "2.2.6", "4.2.2"),
        "medium", (_gone(),), faults=("package-telnet",),
    ),
)  # fmt: skip
