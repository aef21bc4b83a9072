"""What makes one machine different from another, and so must not be in an image.

Owns the places of identities. Refuses to make them anew: the first boot does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packer.certify.facts.claims import sealed
from packer.certify.facts.unverified import unverified
from packer.certify.finding import Finding
from packer.certify.rule import Rule, Subject
from packer.certify.rules.documents import gcp, ours, systemd

_SEEDS = (
    "/var/lib/systemd/random-seed",
    "/var/lib/systemd/credential.secret",
    "/var/lib/urandom/random-seed",
    "/boot/loader/random-seed",
    "/boot/efi/loader/random-seed",
    "/efi/loader/random-seed",
    "/var/lib/misc/random-seed",
    "/var/lib/random-seed",
)
_HOST_NAMES = frozenset(("", "localhost", "localhost.localdomain", "debian", "ubuntu"))
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_LEASES = re.compile(
    r"^/var/lib/(?:dhcp|dhclient|dhcpcd5?|NetworkManager)/"
    r".*(?:lease|\.lease\d?$|timestamps$|seen-bssids)"
)
_MAC = re.compile(r"(?i)\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b")
_PINNED = re.compile(
    r"^/etc/(?:udev/rules\.d/|systemd/network/|netplan/|network/|sysconfig/network-scripts/|"
    r"NetworkManager/system-connections/)"
)
_OTHERS = (
    "/etc/hostid",
    "/etc/nvme/hostnqn",
    "/etc/nvme/hostid",
    "/etc/iscsi/initiatorname.iscsi",
    "/var/lib/NetworkManager/secret_key",
    "/etc/salt/minion_id",
    "/etc/salt/pki/minion/minion.pem",
    "/var/lib/ubuntu-advantage/private/machine-token.json",
    "/var/lib/ubuntu-advantage/machine-token.json",
    "/etc/tailscale/machine-key",
    "/var/lib/zerotier-one/identity.secret",
    "/etc/NetworkManager/secret_key",
    "/etc/machine-info",
    "/var/lib/rpm-ostree/host-id",
    "/etc/chef/client.pem",
    "/etc/rndc.key",
    "/etc/bind/rndc.key",
    "/etc/unbound/unbound_control.key",
    "/var/lib/private/systemd/journal-upload/state",
)


def _machine(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    text = subject.tree.text("/etc/machine-id").strip()
    if text not in ("", "uninitialized"):
        yield Finding("/etc/machine-id", "is fixed: every copy would be the same machine")


def _copies(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for path in ("/var/lib/dbus/machine-id", "/usr/local/var/lib/dbus/machine-id"):
        entry = tree.entry(path)
        if entry is None or not entry.size:
            continue
        if not entry.is_link or not entry.target.endswith("/etc/machine-id"):
            yield Finding(path, "is a copy of a machine id of its own")
    for path in _OTHERS:
        entry = tree.entry(path, follow=True)
        if entry is not None and entry.size and not _is_template(tree.text(path)):
            yield Finding(path, "tells this machine from others")
    for top in ("/etc/puppetlabs/puppet/ssl/private_keys", "/var/lib/puppet/ssl/private_keys"):
        for name in tree.names(top):
            yield Finding(f"{top}/{name}", "tells this machine from others")


def _is_template(text: str) -> bool:
    """open-iscsi as Debian ships it: the name is made at the first start."""
    return "GenerateName=yes" in text


def _seeds(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    for path in _SEEDS:
        entry = subject.tree.entry(path)
        if entry is not None and entry.size:
            yield Finding(path, "is a seed or a secret that every copy would share")


def _name(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree, manifest = subject.tree, subject.manifest
    allowed = _HOST_NAMES | ({manifest.appliance.name} if manifest else frozenset())
    name = tree.text("/etc/hostname").strip()
    if name.lower() not in allowed:
        yield Finding("/etc/hostname", f"the name of the build's machine{_told(name)}")
    for line in tree.text("/etc/hosts").splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["127.0.1.1"] or (words[1:] and name in words[1:] and name not in allowed):
            strange = [one for one in words[1:] if one.partition(".")[0].lower() not in allowed]
            if strange:
                yield Finding("/etc/hosts", f"names the build's machine{_told(strange[0])}")
    mail = tree.text("/etc/mailname").strip()
    if mail and mail.partition(".")[0].lower() not in allowed:
        yield Finding("/etc/mailname", f"the name of the build's machine{_told(mail)}")


def _told(name: str) -> str:
    """Only what can be a name: a link may lead to a file whose content no report may hold."""
    return f": {name[:64]}" if _HOST.fullmatch(name) else ""


def _network(subject: Subject) -> Iterator[Finding]:
    sealed(subject)
    tree = subject.tree
    for entry in unverified(tree):
        path = entry.path
        if entry.size and _LEASES.match(path):
            yield Finding(path, "a lease of the network that the image was built in")
        elif path.endswith(("70-persistent-net.rules", "75-persistent-net-generator.rules")):
            yield Finding(path, "pins network interfaces")
        elif _PINNED.match(path) and _MAC.search(_said(tree.text(path))):
            yield Finding(path, "pins an interface to a hardware address")
    resolver = tree.entry("/etc/resolv.conf")
    for line in tree.text("/etc/resolv.conf").splitlines():
        server = line.split()[1:2] if line.startswith("nameserver") else []
        if server and resolver and resolver.is_file and not server[0].startswith(("127.", "::1")):
            yield Finding("/etc/resolv.conf", f"a name server of the build's network: {server[0]}")


def _said(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


MACHINE_ID = Rule(
    id="ID-01",
    title="The machine id is empty, or says uninitialized",
    clauses=(systemd("/etc/machine-id"), gcp("unique per instance")),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="critical",
    probe=_machine,
    fix="truncate -s 0 /etc/machine-id",
    faults=("machine-id", "machine-id-without-newline"),
)
NO_COPIES = Rule(
    id="ID-04",
    title="No copy of a machine id, and no other name by which a machine is known",
    clauses=(systemd("/var/lib/dbus/machine-id"), ours("two instances differ")),
    targets=frozenset(("caretaker", "gcp")),
    severity="high",
    probe=_copies,
    fix="rm -f /var/lib/dbus/machine-id, and the file named",
    faults=("dbus-machine-id", "iscsi-name", "nvme-host", "pro-token"),
)
NO_SEEDS = Rule(
    id="ID-02",
    title="No random seed and no credential secret",
    clauses=(systemd("/var/lib/systemd/random-seed, credential.secret, loader/random-seed"),),
    targets=frozenset(("aws", "azure", "gcp", "digitalocean", "caretaker")),
    severity="high",
    probe=_seeds,
    fix="systemctl stop systemd-random-seed; rm -f /var/lib/systemd/random-seed",
    faults=("random-seed", "credential-secret", "loader-seed"),
)
NO_NAME = Rule(
    id="ID-03",
    title="No host name of the build",
    clauses=(ours("the cloud names the machine"), systemd("/etc/hostname")),
    targets=frozenset(("caretaker",)),
    severity="medium",
    probe=_name,
    fix="rm -f /etc/hostname; delete the line 127.0.1.1 from /etc/hosts",
    faults=("host-name", "hosts-line", "mail-name"),
)
NO_NETWORK = Rule(
    id="ID-05",
    title="No lease, name server or hardware address of the build's network",
    clauses=(ours("first interface by DHCP, no address pinned"), gcp("network")),
    targets=frozenset(("azure", "gcp", "caretaker")),
    severity="medium",
    probe=_network,
    fix="rm -f the file named",
    faults=("dhcp-lease", "persistent-net", "netplan-mac", "build-name-server"),
)
RULES = (MACHINE_ID, NO_COPIES, NO_SEEDS, NO_NAME, NO_NETWORK)
