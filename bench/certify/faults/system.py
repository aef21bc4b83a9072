"""Faults in modes and owners of files."""

from __future__ import annotations

from bench.certify.made_up import elf
from bench.certify.planting import Change, Fault, Folder, Write

FAULTS = (
    Fault("suid-shell", "MODE-01", (Write("/usr/local/bin/rootsh", elf(), 0o4755),)),
    Fault("suid-in-home", "MODE-01", (Write("/home/.cache/su", elf(), 0o4755),)),
    Fault("sgid-find", "MODE-01", (Change("/usr/bin/find", 0o2755),)),
    Fault("suid-lookalike", "MODE-01", (Write("/opt/tools/sudo", elf(), 0o6755),)),
    Fault(
        "world-writable-file", "MODE-02", (Write("/etc/cron.daily/clean", "#!/bin/sh\n", 0o777),)
    ),
    Fault("world-writable-folder", "MODE-02", (Folder("/srv/upload", 0o777),)),
    Fault("world-writable-etc-folder", "MODE-02", (Folder("/opt/shop/plugins", 0o1777),)),
    Fault("unowned-file", "MODE-03", (Write("/opt/shop/a", "x", 0o644, 1234, 0),)),
    Fault("ungrouped-file", "MODE-03", (Write("/opt/shop/b", "x", 0o644, 0, 4321),)),
    Fault(
        "person-owns-program",
        "MODE-05",
        (
            Write("/etc/passwd", "eve:x:1000:1000::/srv:/bin/sh\n", append=True),
            Write("/usr/local/bin/tool", "#!/bin/sh\n", 0o755, 1000, 0),
        ),
    ),
    Fault(
        "group-writes-units",
        "MODE-05",
        (Write("/etc/systemd/system/x.service", "[Service]\n", 0o664, 0, 1000),),
    ),
    Fault(
        "swap-in-fstab",
        "FS-02",
        (Write("/etc/fstab", "LABEL=root / ext4 defaults 0 1\n/swapfile none swap sw 0 0\n"),),
    ),
    Fault("swap-file", "FS-02", (Write("/swapfile", b"\0" * 4086 + b"SWAPSPACE2", 0o600),)),
)
