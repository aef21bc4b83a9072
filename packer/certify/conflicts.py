"""Where clouds and benchmarks want different things of one image, and what we chose.

Owns the list, which every report and the reference page carry. Refuses to leave a conflict to a
target: one image goes to all of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """`sides`: who wants what; `rules` are ours that carry the choice."""

    topic: str
    sides: tuple[str, ...]
    chosen: str
    why: str
    rules: tuple[str, ...]


CONFLICTS = (
    Conflict(
        "rootdelay on the kernel's command line",
        (
            "Azure's page on preparing an image: rootdelay=300",
            "Debian's initramfs: sleeps for that long at every boot, whatever stands ready",
        ),
        "no rootdelay",
        "Azure's tests ask only for a serial console; five minutes more at each boot help nobody",
        ("KRN-01", "KRN-02"),
    ),
    Conflict(
        "net.ipv4.conf.*.secure_redirects",
        ("Google's image tests: 1", "CIS Debian 12, 3.3.6: 0"),
        "0, with accept_redirects = 0",
        "where no redirect is accepted the setting has no effect, and CIS is checked by scanners",
        ("H-NET-01",),
    ),
    Conflict(
        "the udf file system",
        (
            "CIS Debian 12, 1.1.1: not available (level 2)",
            "Azure: hands its provisioning data over on a disc with UDF",
        ),
        "available",
        "without it no machine on Azure is ever provisioned",
        ("KRN-05",),
    ),
    Conflict(
        "a firewall in the image",
        (
            "Azure, 200.5: no rules unless the product needs them",
            "CIS Debian 12, 4.1: one firewall, default deny",
            "DigitalOcean: warns without one",
        ),
        "nftables, default deny, with the manifest's ports open",
        "Azure allows what the product needs; the listing names the ports",
        ("H-FW-01", "H-FW-02"),
    ),
    Conflict(
        "how long an idle SSH connection stays",
        (
            "Azure's certification: ClientAliveInterval from 30 to 235",
            "CIS Debian 12, 5.1.9: at most 300, with ClientAliveCountMax above 0",
        ),
        "180",
        "it satisfies both",
        ("SSH-03", "H-SSH-03"),
    ),
    Conflict(
        "/etc/machine-id",
        (
            "systemd: an empty file, or the word uninitialized",
            "image builders that remove it: then /etc must be writable early in the first boot",
        ),
        "an empty file",
        "it works with a read-only root too, and systemd documents it (BUILDING_IMAGES)",
        ("ID-01",),
    ),
    Conflict(
        "the guest agents of clouds",
        (
            "Azure: waagent, or cloud-init with it",
            "DigitalOcean: fails on agents of its own left in an image",
            "Google: its agent for OS Login and keys in metadata",
        ),
        "cloud-init everywhere; a cloud's agent only in the image for that cloud",
        "cloud-init provisions on all of them; what is missing is a warning for that target",
        ("AGT-01", "AGT-02", "AGT-03"),
    ),
    Conflict(
        "support from outside",
        (
            "AWS: a seller can't reach instances unless the customer turns that on",
            "CIS Debian 12, 5.1: no forwarding, no tunnels",
        ),
        "no forwarding at all",
        "support works by bundles that the customer sends, so nothing is lost",
        ("SSH-09", "H-SSH-02"),
    ),
)
