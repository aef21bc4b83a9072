"""`kernel`: which kernel runs, with what settings and modules, and what it said last.

Owns the shape. The kernel's log as the journal kept it, over boots, is `journal`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from agent.host.kernel import Kernel
from support.collectors import kernel_files
from support.collectors.collector import SOON, Collector, Source
from support.collectors.document import made, value
from support.collectors.programs import Programs
from support.scene import Scene

_DMESG_CAP = 512 << 10
_SYS = "/proc/sys"
# Documentation/admin-guide/tainted-kernels.rst: bit, and what it stands for.
_TAINTS = (
    "proprietary module", "forced module", "out of specification", "forced unload",
    "machine check", "bad page", "user request", "oops", "ACPI override", "warning",
    "staging module", "firmware workaround", "out-of-tree module", "unsigned module",
    "soft lockup", "live patch", "auxiliary", "randomised structures", "in-kernel test",
)  # fmt: skip
_SYSCTLS = (
    "vm/overcommit_memory", "vm/overcommit_ratio", "vm/swappiness", "vm/dirty_ratio",
    "vm/dirty_background_ratio", "vm/max_map_count", "vm/panic_on_oom",
    "vm/oom_kill_allocating_task", "vm/nr_hugepages", "vm/vfs_cache_pressure",
    "vm/min_free_kbytes", "fs/file-max", "fs/nr_open",
    "fs/aio-nr", "fs/aio-max-nr", "fs/suid_dumpable", "fs/protected_symlinks",
    "fs/protected_hardlinks", "kernel/pid_max", "kernel/threads-max", "kernel/panic",
    "kernel/panic_on_oops", "kernel/core_pattern", "kernel/sysrq", "kernel/randomize_va_space",
    "kernel/dmesg_restrict", "kernel/kptr_restrict", "kernel/hung_task_timeout_secs",
    "kernel/unprivileged_userns_clone", "kernel/yama/ptrace_scope", "kernel/shmmax",
    "kernel/shmall", "kernel/sem", "kernel/msgmax", "kernel/random/entropy_avail",
    "net/core/somaxconn", "net/core/netdev_max_backlog", "net/core/rmem_max", "net/core/wmem_max",
    "net/ipv4/ip_forward", "net/ipv4/ip_local_port_range", "net/ipv4/ip_nonlocal_bind",
    "net/ipv4/tcp_max_syn_backlog", "net/ipv4/tcp_syncookies", "net/ipv4/tcp_tw_reuse",
    "net/ipv4/tcp_fin_timeout", "net/ipv4/tcp_keepalive_time", "net/ipv4/tcp_congestion_control",
    "net/ipv4/tcp_rmem", "net/ipv4/tcp_wmem", "net/ipv4/tcp_mem",
    "net/ipv4/conf/all/rp_filter", "net/ipv6/conf/all/disable_ipv6",
    "net/ipv6/conf/all/forwarding", "net/netfilter/nf_conntrack_max",
)  # fmt: skip


def sources(scene: Scene) -> Iterable[Source]:
    kernel = scene.host.kernel
    yield value("kernel/kernel.json", "/proc", lambda: _kernel(kernel))
    modules = "/proc/modules"
    if kernel_files.first(kernel, modules):  # A kernel may have none, and no such file.
        yield made("kernel/modules.txt", modules, partial(kernel_files.raw, kernel, modules))
    yield made("kernel/sysctl.txt", _SYS, lambda: _sysctl(kernel))
    yield Programs(scene).text("kernel/dmesg.txt", ["dmesg"], cap=_DMESG_CAP)


def _kernel(kernel: Kernel) -> object:
    taint = kernel_files.number(kernel, f"{_SYS}/kernel/tainted") or 0
    lsm = kernel_files.first(kernel, "/sys/kernel/security/lsm")
    return {
        "release": kernel_files.first(kernel, f"{_SYS}/kernel/osrelease"),
        "version": kernel_files.first(kernel, f"{_SYS}/kernel/version"),
        "machine": kernel_files.first(kernel, f"{_SYS}/kernel/arch"),
        "command_line": kernel_files.first(kernel, "/proc/cmdline"),
        "taint": taint,
        "tainted_by": [word for bit, word in enumerate(_TAINTS) if taint >> bit & 1],
        "lsm": lsm.split(",") if lsm else [],
        "lockdown": kernel_files.first(kernel, "/sys/kernel/security/lockdown"),
        "clocksource": kernel_files.first(
            kernel, "/sys/devices/system/clocksource/clocksource0/current_clocksource"
        ),
    }


def _sysctl(kernel: Kernel) -> bytes:
    return "".join(_lines(kernel)).encode("utf-8", "replace")


def _lines(kernel: Kernel) -> Iterator[str]:
    for name in sorted(_SYSCTLS):
        found = " ".join(kernel_files.first(kernel, f"{_SYS}/{name}").split())
        if found:
            yield f"{name.replace('/', '.')} = {found}\n"


def guess(scene: Scene) -> int:
    return 90_000


COLLECTOR = Collector(
    code="kernel",
    title="kernel, modules, settings, its last words",
    reads="/proc/sys, /proc/modules, dmesg",
    sources=sources,
    guess=guess,
    cap=2 << 20,
    priority=SOON,
    rescue=False,
)
