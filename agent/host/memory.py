"""Memory that programs can still get: the machine's, or the container's where that is less.

Owns /proc/meminfo and the limit of a container. Refuses the limit of our own service: the cap in
`caretaker.service` says nothing about the machine the application lives on.
"""

from __future__ import annotations

import contextlib

from agent.host.kernel import Kernel

# The root of the cgroup tree that we can see. On a machine the root has no memory.max; in a
# container the namespace's root is the container's own group and has one (cgroup_namespaces(7)).
_ROOT = "/sys/fs/cgroup"


def available_memory(kernel: Kernel) -> tuple[int, int]:
    """(total, available) in bytes. Raises OSError where /proc is not readable.

    Available is the kernel's estimate of what new programs can have without swapping (proc(5),
    MemAvailable); "free" memory is near nothing on any machine that has run for a day.
    """
    total, available = _machine(kernel)
    limit, used = _container(kernel)
    if 0 < limit < total:
        return limit, max(0, min(available, limit - used))
    return total, available


def _machine(kernel: Kernel) -> tuple[int, int]:
    facts: dict[str, int] = {}
    for line in kernel.lines("/proc/meminfo"):
        name, _, value = line.partition(":")
        facts[name] = _number(value.split()[0]) * 1024 if value.strip() else 0
        if "MemTotal" in facts and "MemAvailable" in facts:
            return facts["MemTotal"], facts["MemAvailable"]
    raise OSError("/proc/meminfo names no MemAvailable")


def _container(kernel: Kernel) -> tuple[int, int]:
    """(limit, used) of the container; zeros where there is no limit.

    File pages nobody used lately count as available, as the kubelet counts its working set: a
    program that reads a large file is not short of memory.
    """
    with contextlib.suppress(OSError):
        limit = _number(kernel.text(f"{_ROOT}/memory.max").strip())
        if limit:
            used = _number(kernel.text(f"{_ROOT}/memory.current").strip())
            for line in kernel.lines(f"{_ROOT}/memory.stat"):
                name, _, value = line.partition(" ")
                if name == "inactive_file":
                    return limit, used - _number(value.strip())
            return limit, used
    return 0, 0


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdigit() else 0
