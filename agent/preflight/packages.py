"""Is the package manager fit to be used?

Owns the checks of its locks and its half-done work, read from its own files: asking the programs
takes longer than all of preflight.
"""

from __future__ import annotations

import re

from agent.findings import Finding, failed, passed, warned
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.locks import holder_of
from agent.preflight.subject import Subject

# Want, flag and state of a package (dpkg-query(1)) that dpkg has not finished with.
_TROUBLE = re.compile(
    r"^Status: (?:\S+ reinstreq .*|\S+ \S+ (?:half-.*|unpacked|triggers-awaited))$", re.MULTILINE
)


def _busy(subject: Subject) -> Finding:
    system = subject.match.system
    for path in system.family.locks if system else ():
        holder = holder_of(subject, subject.path(path), kind="POSIX")
        if holder is not None:
            text = f"{holder.name} (pid {holder.pid}) is installing packages; setup waits for it"
            return warned("packages-busy", text, pid=holder.pid, name=holder.name)
    return passed("the package manager is free")


BUSY = PreflightCheck(
    code="packages-busy",
    title="Package manager in use",
    why="At first boot updates run by themselves and hold the lock for minutes.",
    fix="wait for it: tail --pid={pid} -f /dev/null; never delete the lock",
    look=_busy,
    where=ON_A_MACHINE,
)


def _interrupted(subject: Subject) -> Finding:
    # dpkg journals each change here and merges it at the end; a leftover is an interrupted run.
    left = [name for name in subject.names("/var/lib/dpkg/updates") if name.isdigit()]
    if not left:
        return passed("no installation was interrupted")
    if holder_of(subject, subject.path("/var/lib/dpkg/lock"), kind="POSIX") is not None:
        return passed("an installation is under way")
    text = f"dpkg was interrupted ({len(left)} changes are not finished)"
    return failed("packages-interrupted", text, observed=len(left))


INTERRUPTED = PreflightCheck(
    code="packages-interrupted",
    title="Interrupted installation",
    why="dpkg refuses everything else until it has finished.",
    fix="sudo dpkg --configure -a",
    look=_interrupted,
    where=ON_A_MACHINE,
)


def _half_done(subject: Subject) -> Finding:
    status = subject.text("/var/lib/dpkg/status")
    names = []
    for trouble in _TROUBLE.finditer(status):
        paragraph = status[status.rfind("\n\n", 0, trouble.start()) + 1 : trouble.start()]
        names += re.findall(r"^Package: (\S+)$", paragraph, re.MULTILINE)
    if not names:
        return passed("every package is whole")
    shown = " ".join(names[:5])
    return warned("packages-broken", f"not fully installed: {shown}", names=shown)


HALF_DONE = PreflightCheck(
    code="packages-broken",
    title="Broken packages",
    why="Installing anything else may fail over them.",
    fix="sudo dpkg --configure -a && sudo apt-get install --fix-broken",
    look=_half_done,
    where=ON_A_MACHINE,
)
