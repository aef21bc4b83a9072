"""The firewall: nothing comes in but what is declared; nothing goes out but that, where asked for.

Owns /etc/nftables.conf, made from the manifest, and the path unit that makes it anew when the
manifest changes. Only its own table is replaced, so that rules of others (containers, a customer's
/etc/nftables.d/*.nft) stay. Refuses to follow settings: ports of a manifest are numbers.
"""

from __future__ import annotations

from ipaddress import IPv6Network

from agent.manifest.firewall import Place, parse_place
from agent.manifest.model import Manifest, Probe
from packer.harden.units import enabled
from packer.harden.want import cis, control
from packer.harden.whole_file import HEAD, made_file, whole_file

RULES = "/etc/nftables.conf"
SSH = 22
# Metadata of the clouds (AWS, Azure, Google alike), AWS's over IPv6, and Azure's wire server.
_METADATA_4 = ("169.254.169.254", "169.254.169.253", "169.254.169.123", "168.63.129.16")
_METADATA_6 = ("fd00:ec2::254", "fd00:ec2::253", "fd20:ce::254")
_ICMP_4 = "destination-unreachable, time-exceeded, parameter-problem, echo-request"
_ICMP_6 = (
    "destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, "
    "nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect, mld-listener-query"
)
_ICMP_6_OUT = (
    f"{_ICMP_6}, echo-reply, nd-router-solicit, mld-listener-report, mld2-listener-report, "
    "mld-listener-done"
)


def ports(manifest: Manifest | None) -> tuple[int, ...]:
    """TCP ports that may be reached from outside, sorted."""
    if manifest is None:
        return tuple(sorted((SSH, Probe().port)))
    found = {SSH, manifest.probe.port, *manifest.firewall.allow}
    if manifest.probe.agent_port:
        found.add(manifest.probe.agent_port)
    # An authority asks for the proof from outside: RFC 8555, section 8.3.
    for certificate in manifest.certificates.values():
        if certificate.acme.directory and certificate.acme.challenge == "http-01":
            found.add(certificate.acme.port)
    return tuple(sorted(found))


def text(manifest: Manifest | None) -> str:
    """The whole of nftables.conf."""
    egress = [parse_place(one) for one in manifest.firewall.egress] if manifest else []
    listed = ", ".join(map(str, ports(manifest)))
    return (
        f"{HEAD}"
        "# Made from [firewall] and [probe] of /etc/caretaker/appliance.toml.\n"
        "# Named first so that there is one to delete: the whole file is one transaction.\n"
        "table inet filter\n"
        "delete table inet filter\n"
        "table inet filter {\n"
        "  chain input {\n"
        "    type filter hook input priority 0; policy drop;\n"
        "    iif lo accept\n"
        "    ip saddr 127.0.0.0/8 counter drop\n"
        "    ip6 saddr ::1 counter drop\n"
        "    ct state established,related accept\n"
        "    ct state invalid drop\n"
        f"    icmp type {{ {_ICMP_4} }} accept\n"
        f"    icmpv6 type {{ {_ICMP_6} }} accept\n"
        "    udp sport 67 udp dport 68 accept\n"
        "    ip6 saddr fe80::/10 udp dport 546 accept\n"
        f"    tcp dport {{ {listed} }} accept\n"
        "  }\n"
        "  chain forward {\n"
        "    type filter hook forward priority 0; policy drop;\n"
        "  }\n"
        f"{_output(egress)}"
        "}\n"
    )


def _output(egress: list[Place]) -> str:
    head = "  chain output {\n    type filter hook output priority 0; policy "
    if not egress:
        return f"{head}accept;\n  }}\n"
    rules = [
        "oif lo accept",
        "ct state established,related accept",
        f"icmp type {{ {_ICMP_4}, echo-reply }} accept",
        f"icmpv6 type {{ {_ICMP_6_OUT} }} accept",
        "meta l4proto { tcp, udp } th dport 53 accept",
        "udp dport { 67, 123, 547 } accept",
        f"ip daddr {{ {', '.join(_METADATA_4)} }} accept",
        f"ip6 daddr {{ {', '.join(_METADATA_6)} }} accept",
        *map(_rule, egress),
    ]
    return f"{head}drop;\n" + "".join(f"    {rule}\n" for rule in rules) + "  }\n"


def _rule(place: Place) -> str:
    words = []
    if place.network is not None:
        family = "ip6" if isinstance(place.network, IPv6Network) else "ip"
        words.append(f"{family} daddr {place.network}")
    if place.port:
        words.append(f"{place.protocol} dport {place.port}")
    return " ".join([*words, "accept"])


# After setup or a release wrote another manifest: the rules are made from it and loaded at once.
_PATH = """[Unit]
Description=Caretaker: the manifest changed, the firewall follows
[Path]
PathChanged=/etc/caretaker/appliance.toml
[Install]
WantedBy=paths.target
"""
_SERVICE = """[Unit]
Description=Caretaker: firewall made from the manifest
ConditionPathExists=/etc/caretaker/appliance.toml
[Service]
Type=oneshot
ExecStart=/opt/caretaker/venv/bin/caretaker harden --only H-FW-01
ExecStart=/usr/sbin/nft -f /etc/nftables.conf
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_ADMIN CAP_FOWNER CAP_CHOWN CAP_DAC_OVERRIDE
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ReadWritePaths=/etc
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""
_UNITS = "/etc/systemd/system"
# By itself: a mistake in a customer's file must not take our rules down with it.
_LOCAL = "/etc/nftables-local.conf"
_DROP_IN = f"[Service]\nExecStartPost=-/usr/sbin/nft -f {_LOCAL}\n"

FIREWALL = (
    control(
        "H-FW-01", "Nothing comes in but SSH, the probe and declared ports",
        cis("4.1.1", "4.3.1", "4.3.4", "4.3.5", "4.3.6", "4.3.8", "4.3.10"), "critical",
        (
            made_file(RULES, text, mode=0o750),
            whole_file(_LOCAL, 'include "/etc/nftables.d/*.nft"\n'),
            whole_file("/etc/nftables.d/README", "# NAME.nft here is loaded after our rules.\n"),
            whole_file(f"{_UNITS}/nftables.service.d/10-caretaker-harden.conf", _DROP_IN),
        ),
        faults=("firewall-open", "firewall-port"),
    ),
    control(
        "H-FW-02", "The firewall stands before the network does, and follows the manifest",
        cis("4.3.9"), "high",
        (
            whole_file(f"{_UNITS}/caretaker-firewall.path", _PATH),
            whole_file(f"{_UNITS}/caretaker-firewall.service", _SERVICE),
            enabled("nftables.service"), enabled("caretaker-firewall.path"),
        ),
        faults=("firewall-disabled",),
    ),
)  # fmt: skip
