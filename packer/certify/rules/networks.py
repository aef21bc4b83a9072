"""The network: the first card by DHCP whatever its name, and listeners that were declared.

Owns the rules on network settings in the tree and on sockets of a running machine. Refuses to call
a port open that only the machine itself reaches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sold
from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import aws, azure, cis, gcp, ours
from packer.certify.tree import Entry, Tree
from packer.harden.controls.firewall import ports

_FOLDERS = (
    *("/etc/systemd/network", "/etc/netplan", "/etc/network", "/etc/udev/rules.d"),
    *("/etc/sysconfig/network-scripts", "/etc/NetworkManager/system-connections"),
)
_MAC = re.compile(r"(?i)\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b")
_NO_CARD = re.compile(r"(?i)^(?:00:00:00:00:00:00|ff:ff:ff:ff:ff:ff)$")
_FIXED = re.compile(
    r"(?im)^\s*(?:Address\s*=|address\s+\d|IPADDR\d*\s*=|addresses:\s*\[?\s*\S|address\d*\s*=)"
)
_DHCP = re.compile(r"(?im)^\s*(?:DHCP\s*=\s*(?:yes|ipv4|true)|iface\s+\S+\s+inet\s+dhcp|"
                   r"dhcp4:\s*(?:true|yes)|BOOTPROTO\s*=\s*\"?dhcp|method\s*=\s*auto)")  # fmt: skip
_LOCAL = re.compile(r"^(?:127\.|::1$|::ffff:127\.|fe80)")
# SSH, DHCP's client, NTP; everything else is the product's, which its manifest declares.
_ALWAYS = {("tcp", 22), ("udp", 68), ("udp", 123), ("udp", 323), ("udp", 546)}
_TIME = {
    "chrony.service": "chronyd", "chronyd.service": "chronyd", "ntp.service": "ntpd",
    "ntpsec.service": "ntpd", "systemd-timesyncd.service": "timesyncd",
    "openntpd.service": "openntpd",
}  # fmt: skip


def _texts(tree: Tree) -> Iterator[tuple[Entry, str]]:
    for folder in _FOLDERS:
        for entry in tree.walk(folder):
            # On a machine in use cloud-init wrote the cards and addresses that its cloud told it.
            theirs = tree.kind == "live" and "cloud-init" in entry.path
            if entry.is_file and not theirs and not entry.path.endswith((".sh", "README")):
                yield entry, re.sub(r"(?m)^\s*[#;].*$", "", tree.text(entry.path))


def _pinned(subject: Subject) -> Iterator[Finding]:
    for entry, text in _texts(subject.tree):
        for found in _MAC.findall(text):
            if not _NO_CARD.match(found):
                yield Finding(entry.path, f"names the card {found}: only the build's has it")
                break


def _by_dhcp(subject: Subject) -> Iterator[Finding]:
    sold(subject)
    tree = subject.tree
    asked = False
    for entry, text in _texts(tree):
        if _FIXED.search(text) and "/udev/" not in entry.path and entry.path[-2:] != "lo":
            yield Finding(entry.path, "gives a card a fixed address")
        asked = asked or _DHCP.search(text) is not None
    # cloud-init writes the network of the cloud; without it the image must ask by itself.
    if not asked and tree.entry("/usr/bin/cloud-init", follow=True) is None:
        yield Finding("/etc/systemd/network", "no card asks for an address by DHCP")


def _sockets(subject: Subject) -> Iterator[Finding]:
    if subject.running is None:
        raise NotApplicableError("nothing listens in an image; asked on a running machine")
    declared = ports(subject.manifest) if subject.manifest is not None else ()
    for each in subject.running.sockets:
        if _LOCAL.match(each.address) or (each.protocol, each.port) in _ALWAYS:
            continue
        if each.port not in declared:
            who = f" ({each.program})" if each.program else ""
            words = f"listens on {each.address}{who}; the manifest does not declare it"
            yield Finding(f"/{each.protocol}/{each.port}", words)


def _time(subject: Subject) -> Iterator[Finding]:
    tree = subject.tree
    enabled = set()
    for folder in tree.names("/etc/systemd/system"):
        if folder.endswith(".wants"):
            for unit in tree.names(f"/etc/systemd/system/{folder}"):
                if unit in _TIME:
                    enabled.add(_TIME[unit])
    if not enabled:
        sold(subject)
        yield Finding("/etc/systemd/system", "no service sets the clock")
    elif len(enabled) > 1:
        names = ", ".join(sorted(enabled))
        yield Finding("/etc/systemd/system", f"several services set the clock: {names}")


def _failed(subject: Subject) -> Iterator[Finding]:
    if subject.running is None:
        raise NotApplicableError("no unit runs in an image; asked on a running machine")
    for unit in subject.running.failed:
        yield Finding(f"/{unit}", "failed: systemctl status says why")


NETWORKS = (
    Rule("NET-01", "Only declared ports listen", (gcp("validateSockets"), aws("Access policies")),
         frozenset(("aws", "gcp", "caretaker")), "high", _sockets,
         "stop what listens, bind it to loopback, or declare the port under [firewall]",
         faults=("undeclared-listener",)),
    Rule("NET-02", "No network card is named by its address",
         (azure("network, redeployment"), ours("one image, many machines")),
         frozenset(("azure", "caretaker")), "high", _pinned,
         "match cards by kind (Type=ether), not by their address", faults=("mac-pinned",)),
    Rule("NET-03", "The first card asks for its address by DHCP",
         (azure("DHCP on the first card"), aws("AMI must boot")),
         frozenset(("aws", "azure", "gcp")), "high", _by_dhcp,
         "DHCP=yes in /etc/systemd/network, and no fixed address",
         faults=("static-address", "no-dhcp")),
    Rule("NTP-01", "One service sets the clock", (gcp("TestNTP"), cis("2.3.1")),
         frozenset(("gcp", "cis", "caretaker")), "medium", _time,
         "enable systemd-timesyncd or chrony, not both", faults=("no-time-sync", "two-time-syncs")),
    Rule("SVC-10", "No unit has failed", (gcp("imageboot"), azure("boot without errors")),
         frozenset(("azure", "gcp", "caretaker")), "medium", _failed,
         "systemctl status UNIT; mend what it says", faults=("failed-unit",)),
)  # fmt: skip
