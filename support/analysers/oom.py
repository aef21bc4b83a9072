"""Processes that the kernel killed because memory ran out."""

from __future__ import annotations

from support.analysers.telling import DMESG, KERNEL
from support.analysers.troubles import Trouble, analyser

ANALYSER = analyser(
    "oom",
    "Killed for want of memory",
    "The kernel killed nothing for want of memory",
    # mm/oom_kill.c: "Out of memory: Killed process 812 (java) total-vm:..." of the whole machine,
    # "Memory cgroup out of memory: ..." where a unit's MemoryMax was the limit.
    Trouble(
        "oom.machine",
        rb"Out of memory: Kill(?:ed)? process \d+",
        "The machine ran out of memory and the kernel killed a process",
        "give the machine more memory, or the application less work; system/top.json here says who"
        " uses it; now: systemd-cgtop -m",
        files=KERNEL,
        otherwise=DMESG,
    ),
    Trouble(
        "oom.cgroup",
        rb"Memory cgroup out of memory: Kill(?:ed)? process \d+",
        "A unit reached its own limit of memory and the kernel killed a process of it",
        "raise MemoryMax= of that unit, or look why it grows:"
        " systemctl show UNIT -p MemoryMax -p MemoryPeak",
        files=KERNEL,
        otherwise=DMESG,
    ),
    Trouble(
        "oom.unit",
        rb"Failed with result 'oom-kill'|killed by the OOM killer|systemd-oomd killed",
        "Systemd saw a unit die for want of memory",
        "sudo caretaker remedies plan services; then read the unit's log",
        answer="warn",
        files=("journal/*.log",),
    ),
)
