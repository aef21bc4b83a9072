"""What the kernel is, allows and is short of.

Owns the checks of version, virtualisation, cgroups, process and file limits, overcommit.
"""

from __future__ import annotations

import re

from agent.findings import Finding, failed, passed, warned
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.subject import Subject

OLDEST = (4, 18)  # RHEL 8's; nothing older was ever tried
TESTED = (5, 14)  # RHEL 9's, the oldest of the systems supported
PIDS_LEFT = 256  # a small appliance has some dozens of processes, each with threads
FILES_WANTED = 4096  # 1,024 connections of the probe plane, and the application's own


def _version(subject: Subject) -> Finding:
    match = re.match(r"(\d+)\.(\d+)", subject.kernel)
    if match is None:
        return warned("kernel-unknown", f"kernel {subject.kernel} has no version to compare")
    version = int(match[1]), int(match[2])
    if "microsoft" in subject.kernel.lower():
        return warned(
            "kernel-wsl", f"kernel {subject.kernel}: Windows' own Linux is for trying out"
        )
    if version < OLDEST:
        return failed("kernel-old", f"kernel {subject.kernel} is older than 4.18")
    if version < TESTED:
        return warned("kernel-untested", f"kernel {subject.kernel} is older than any tested (5.14)")
    return passed(f"kernel {subject.kernel}")


VERSION = PreflightCheck(
    code="kernel",
    title="Kernel",
    why="Sandboxes and process supervision rely on what newer kernels offer.",
    fix="upgrade the operating system's kernel, then reboot",
    look=_version,
)


def _virtualisation(subject: Subject) -> Finding:
    container = subject.word("/run/systemd/container") or _container_mark(subject)
    if container:
        return passed(f"a container ({container})", kind=container)
    if " hypervisor" in subject.text("/proc/cpuinfo"):
        vendor = subject.word("/sys/class/dmi/id/sys_vendor") or "unknown hypervisor"
        return passed(f"a virtual machine ({vendor})", kind=vendor)
    return passed("a physical machine, or one that looks like it", kind="none")


def _container_mark(subject: Subject) -> str:
    for path, name in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if subject.path(path).exists():
            return name
    return ""


VIRTUALISATION = PreflightCheck(
    code="virtualisation",
    title="Kind of machine",
    why="Support wants to know first where the appliance runs.",
    fix="nothing to do: this is for the record",
    look=_virtualisation,
)


def _cgroup(subject: Subject) -> Finding:
    if subject.path("/sys/fs/cgroup/cgroup.controllers").exists():
        return passed("cgroup version 2")
    if not subject.names("/sys/fs/cgroup"):
        return warned("cgroup-none", "no cgroups are mounted, so limits can't be kept")
    return warned("cgroup-old", "cgroup version 1: memory limits of services are approximate")


CGROUP = PreflightCheck(
    code="cgroup",
    title="Control groups",
    why="systemd limits and counts the application's memory and processes with them.",
    fix="boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line",
    look=_cgroup,
    where=ON_A_MACHINE,
)


def _process_limit(subject: Subject) -> Finding:
    limit = int(subject.word("/proc/sys/kernel/pid_max") or 32768)
    # "0.00 0.01 0.05 1/345 6789": running/all tasks of this pid namespace, proc_loadavg(5).
    used = int((subject.word("/proc/loadavg").split() or ["", "", "", "0/0"])[3].split("/")[1])
    own = subject.word("/sys/fs/cgroup/pids.max")
    if own.isdigit():
        limit, used = int(own), int(subject.word("/sys/fs/cgroup/pids.current") or used)
    left = limit - used
    if left < PIDS_LEFT:
        text = f"{used} of {limit} possible tasks exist"
        return warned("processes-short", text, observed=left, limit=limit)
    return passed(f"room for {left} more tasks", observed=left)


PROCESS_LIMIT = PreflightCheck(
    code="process-limit",
    title="Number of processes",
    why="At the limit neither services nor checks can start.",
    fix="raise kernel.pid_max (now {limit}) in /etc/sysctl.d, or the container's limit of tasks",
    look=_process_limit,
)


def _file_limit(subject: Subject) -> Finding:
    for line in subject.text("/proc/self/limits").splitlines():
        if line.startswith("Max open files"):
            hard = line.split()[4]
            break
    else:
        return warned("files-unknown", "the limit of open files can't be read")
    if hard != "unlimited" and int(hard) < FILES_WANTED:
        text = f"a process may open {hard} files; {FILES_WANTED} are wanted"
        return warned("files-short", text, observed=int(hard))
    return passed(f"a process may open {hard} files")


FILE_LIMIT = PreflightCheck(
    code="file-limit",
    title="Number of open files",
    why="Each connection is an open file; balancers and clients would be turned away.",
    fix="raise the hard limit: ulimit -Hn 4096, or nofile in /etc/security/limits.d",
    look=_file_limit,
)


def _overcommit(subject: Subject) -> Finding:
    if subject.word("/proc/sys/vm/overcommit_memory") == "2":
        return warned("overcommit-off", "the kernel promises no memory it does not have")
    return passed("the kernel lends memory as usual")


OVERCOMMIT = PreflightCheck(
    code="overcommit",
    title="Memory overcommit",
    why="With vm.overcommit_memory=2 starting a process can fail with memory free.",
    fix="sudo sysctl vm.overcommit_memory=0, and the same in /etc/sysctl.d",
    look=_overcommit,
)
