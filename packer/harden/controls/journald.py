"""The journal: kept over reboots, bounded, and handed to no other logger.

Owns settings in journald's main file, which scanners read. Refuses to send it anywhere: where to is
the customer's to say.
"""

from __future__ import annotations

from packer.harden.units import masked
from packer.harden.values import section, values
from packer.harden.want import cis, control

_MAIN = "/etc/systemd/journald.conf"
_WANTED = {
    "Storage": "persistent",
    "Compress": "yes",
    "ForwardToSyslog": "no",
    "SystemMaxUse": "256M",
    "SystemKeepFree": "512M",
    "RuntimeMaxUse": "32M",
    "MaxFileSec": "1month",
}

JOURNALD = (
    control(
        "H-LOG-01", "The journal is kept over reboots, and never fills the disk",
        cis("6.1.2.2", "6.1.2.3", "6.1.2.4", "6.1.1.1"), "medium",
        (
            values(
                _MAIN, _WANTED, section("Journal"), drop_ins="/etc/systemd/journald.conf.d",
                mode=0o644,
            ),
        ),
        faults=("journal-volatile", "journal-drop-in"),
    ),
    control(
        "H-LOG-02", "No journal is taken in from other machines", cis("6.1.2.1.4"), "medium",
        (masked("systemd-journal-remote.socket"), masked("systemd-journal-gatewayd.socket")),
        faults=("journal-remote",),
    ),
)  # fmt: skip
