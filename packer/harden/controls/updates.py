"""Security updates that install themselves.

Owns apt's daily run from the first boot on. Refuses to say which packages and whether it reboots:
`[patching]` of the manifest does, once setup ran (agent/patching/automatic.py, a later file).
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.units import enabled
from packer.harden.want import Want, control

_FILE = "/etc/apt/apt.conf.d/20auto-upgrades"
_LINES = (
    'APT::Periodic::Update-Package-Lists "1";\n',
    'APT::Periodic::Unattended-Upgrade "1";\n',
)


def _periodic() -> Want:
    def look(subject: Subject) -> Iterable[Finding]:
        tree = subject.tree
        if tree.entry("/usr/bin/apt-get") is None:
            raise NotApplicableError("no apt in the tree")
        if tree.entry("/usr/bin/unattended-upgrade") is None:
            yield Finding("/usr/bin/unattended-upgrade", "is not installed")
        for line in _LINES:
            if line not in tree.text(_FILE):
                yield Finding(_FILE, f"does not say {line.strip()}")

    def make(site: Site) -> None:
        hands.put(site, _FILE, "".join(_LINES))

    return Want(_FILE, look, make)


UPDATES = (
    control(
        "H-UPD-01", "Security updates install themselves, every day", (), "high",
        (_periodic(), enabled("apt-daily.timer"), enabled("apt-daily-upgrade.timer")),
        faults=("updates-off", "updates-timer"),
    ),
)  # fmt: skip
