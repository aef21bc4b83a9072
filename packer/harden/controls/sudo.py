"""sudo: on a terminal of its own, written down, asked again after a while.

Owns one file in sudoers.d. Refuses to forbid NOPASSWD: admins come with a key and have no password
that sudo could ask for (refusals.py); what a build user had is generalising's to remove.
"""

from __future__ import annotations

from packer.harden.mode import at_most
from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

_TEXT = """\
Defaults use_pty
Defaults logfile="/var/log/sudo.log"
Defaults timestamp_timeout=15
Defaults passwd_timeout=1
"""

SUDO = (
    control(
        "H-SUDO-01", "sudo runs on a terminal of its own, and writes down what it ran",
        cis("5.2.1", "5.2.2", "5.2.3", "5.2.6"), "medium",
        (whole_file("/etc/sudoers.d/00-caretaker-harden", _TEXT, mode=0o440),),
        faults=("sudo-log",),
    ),
    control(
        "H-SUDO-02", "Who may become root is root's to read", (), "medium",
        (at_most("/etc/sudoers", 0o440), at_most("/etc/sudoers.d", 0o750)),
        faults=("sudoers-open",),
    ),
)  # fmt: skip
