"""Programs that were refused a file or an act."""

from __future__ import annotations

from support.analysers.telling import KERNEL, TALK
from support.analysers.troubles import Trouble, analyser

ANALYSER = analyser(
    "permissions",
    "File permissions",
    "No program was refused a file",
    Trouble(
        "permissions.denied",
        # EACCES in C, Node.js, Python and Java. What strangers try over the network is no fault
        # of ours: sshd says "Permission denied (publickey)" to each of them.
        rb"(?i)\bEACCES\b|AccessDeniedException|PermissionError|permission denied(?:$|[^ (]| [^(])",
        "A program was refused a file",
        "owners and modes of what was declared: sudo caretaker remedies plan paths",
        answer="warn",
        files=TALK,
    ),
    Trouble(
        "permissions.confined",
        rb'apparmor="DENIED"|avc:  ?denied',
        "AppArmor or SELinux refused a program something",
        "security/security.json here says which is on; the newest: journalctl -k -g DENIED",
        answer="warn",
        files=KERNEL,
        otherwise=("kernel/dmesg.txt",),
    ),
    Trouble(
        "permissions.sandbox",
        # systemd.exec(5), "Process Exit Codes": 226 is a sandbox that could not be made.
        rb"Failed (?:at step|to set up mount) NAMESPACE|status=226/NAMESPACE|status=200/CHDIR",
        "Systemd could not make a unit's sandbox, or its folder is missing",
        "sudo caretaker remedies run paths; then: sudo /opt/<app>/setup.sh",
        files=("journal/*.log",),
    ),
)
