"""What the kernel complains of: disks, file systems, hardware, tasks that hang, its own faults."""

from __future__ import annotations

from support.analysers.telling import DMESG, KERNEL
from support.analysers.troubles import Trouble, analyser

ANALYSER = analyser(
    "kernel-errors",
    "Kernel",
    "The kernel complains of nothing",
    Trouble(
        "kernel-errors.disk",
        # block/blk-core.c; drivers/ata; drivers/nvme.
        rb"I/O error, dev \w+|Buffer I/O error on dev|critical (?:medium|target) error"
        rb"|nvme\d+: I/O \d+ .{0,40}timeout|ata\d+.{0,12}: (?:failed command|exception Emask)",
        "A disk gave errors",
        "save the data first: sudo caretaker backup create; then have the disk replaced",
        files=KERNEL,
        otherwise=DMESG,
        ends=False,
    ),
    Trouble(
        "kernel-errors.filesystem",
        rb"EXT4-fs error|EXT4-fs \([^)]{1,40}\): .{0,60}(?:error|corrupt)"
        rb"|XFS \([^)]{1,40}\): .{0,60}(?:[Cc]orruption|metadata I/O error)"
        rb"|BTRFS (?:error|critical)|JBD2: .{0,60}[Ee]rror",
        "A file system is damaged",
        "save the data: sudo caretaker backup create; check it at the next start with"
        " fsck.mode=force on the kernel's command line",
        files=KERNEL,
        otherwise=DMESG,
        ends=False,
    ),
    Trouble(
        "kernel-errors.hung",
        rb"blocked for more than \d+ seconds|soft lockup - CPU|rcu_sched self-detected stall"
        rb"|hard LOCKUP",
        "Tasks hung in the kernel, as they do when a disk or the host stands still",
        "ask whoever runs the host; was it paused, or is its storage slow?",
        files=KERNEL,
        otherwise=DMESG,
    ),
    Trouble(
        "kernel-errors.fault",
        rb"BUG: |Oops: |general protection fault|kernel BUG at|Kernel panic"
        rb"|Unable to handle kernel",
        "The kernel itself failed",
        "restart the machine; sudo caretaker os upgrade may bring a kernel without that fault",
        files=KERNEL,
        otherwise=DMESG,
        ends=False,
    ),
    Trouble(
        "kernel-errors.hardware",
        rb"mce: \[Hardware Error\]|Machine check events logged|EDAC .{0,40}(?:UE|CE) "
        rb"|temperature above threshold",
        "The kernel reports faults of the hardware",
        "move the VM to another host",
        answer="warn",
        files=KERNEL,
        otherwise=DMESG,
    ),
)
