"""Core dumps: none, for they hold keys and customers' data.

Owns the limits of log-ins and shells, and systemd-coredump's settings. The kernel's part is in
sysctl.py; services have LimitCORE= of their own.
"""

from __future__ import annotations

from packer.harden.want import cis, control
from packer.harden.whole_file import whole_file

CORE_DUMPS = (
    control(
        "H-CORE-01", "No program leaves its memory on disk", cis("1.5.3", "1.5.4"), "medium",
        (
            whole_file(
                "/etc/security/limits.d/10-caretaker-harden.conf",
                "* hard core 0\nroot hard core 0\n* hard maxlogins 10\n",
            ),
            whole_file(
                "/etc/systemd/coredump.conf.d/50-caretaker-harden.conf",
                "[Coredump]\nStorage=none\nProcessSizeMax=0\n",
            ),
            # Shells that pam_limits never sees, such as one begun by nsenter.
            whole_file("/etc/profile.d/caretaker-core.sh", "ulimit -c 0\n"),
        ),
        faults=("core-limit", "core-storage", "core-shell"),
    ),
)  # fmt: skip
