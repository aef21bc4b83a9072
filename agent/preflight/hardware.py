"""Does the machine have what the appliance asks for?

Owns the checks of processors, memory and swap, held to `[requirements]` of the manifest.
"""

from __future__ import annotations

from agent.findings import Finding, failed, passed, warned
from agent.manifest.kinds import Size
from agent.preflight.check import PreflightCheck
from agent.preflight.subject import Subject
from agent.preflight.words import size

# The kernel keeps part of the memory for itself before it says how much there is: a VM sold with
# 1 GiB shows 0.93, one with 512 MiB and a crash kernel 0.88 of it.
SHARE_SEEN = 0.88


def _cpus(subject: Subject) -> Finding:
    wanted, here = subject.manifest.requirements.cpus, subject.host.facts.cpus()
    if here < wanted:
        text = f"{here} processors; the appliance needs {wanted}"
        return failed("cpus-short", text, observed=here, wanted=wanted)
    return passed(f"{here} processors", observed=here)


CPUS = PreflightCheck(
    code="cpus",
    title="Processors",
    why="The vendor measured that the application needs them.",
    fix="give the machine {wanted} processors",
    look=_cpus,
)


def _memory(subject: Subject) -> Finding:
    wanted, here = subject.manifest.requirements.memory, subject.host.facts.memory()
    if here.total < wanted * SHARE_SEEN:
        text = f"{size(here.total)} of memory; the appliance needs {size(wanted)}"
        return failed("memory-short", text, observed=here.total, unit="B", wanted=str(Size(wanted)))
    return passed(f"{size(here.total)} of memory", observed=here.total, unit="B")


MEMORY = PreflightCheck(
    code="memory",
    title="Memory",
    why="Short of memory, the kernel ends the application when it works hardest.",
    fix="give the machine {wanted} of memory",
    look=_memory,
)


def _memory_free(subject: Subject) -> Finding:
    wanted, here = subject.manifest.requirements.memory, subject.host.facts.memory()
    if subject.installed:
        return passed(f"{size(here.available)} of memory free, the appliance running", unit="B")
    if here.available < wanted // 2:
        text = f"only {size(here.available)} of memory is free"
        return warned("memory-taken", text, observed=here.available, unit="B")
    return passed(f"{size(here.available)} of memory free", observed=here.available, unit="B")


MEMORY_FREE = PreflightCheck(
    code="memory-free",
    title="Free memory",
    why="Another program uses what the application will need.",
    fix="see what uses it: ps -eo rss,comm --sort=-rss | head",
    look=_memory_free,
)


def _swap(subject: Subject) -> Finding:
    total = 0
    for line in subject.text("/proc/swaps").splitlines()[1:]:
        total += int(line.split()[2]) * 1024  # proc_swaps(5): KiB
    return passed(f"{size(total)} of swap" if total else "no swap", observed=total, unit="B")


SWAP = PreflightCheck(
    code="swap",
    title="Swap",
    why="Explains slowness, or an application that was ended for memory.",
    fix="nothing to do: this is for the record",
    look=_swap,
)
