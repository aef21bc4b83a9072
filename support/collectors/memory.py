"""`memory`: what there is and what is used, pressure, swap, and each control group's share.

Owns the shape. Refuses to judge what is too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from support.collectors import kernel_files
from support.collectors.collector import FIRST, Collector, Source
from support.collectors.document import made, value
from support.scene import Scene

_KINDS = ("cpu", "memory", "io", "irq")
_COUNTERS = ("oom_kill", "pgmajfault", "pgfault", "pswpin", "pswpout", "pgscan_direct",
             "pgsteal_direct", "pgscan_kswapd", "compact_stall", "thp_fault_fallback",
             "workingset_refault_file", "workingset_refault_anon", "nr_dirty",
             "nr_writeback")  # fmt: skip
_TREE = "/sys/fs/cgroup"
_DEEPEST, _MOST = 4, 400  # control groups


def sources(scene: Scene) -> Iterable[Source]:
    kernel = scene.host.kernel
    yield value("system/memory.json", "/proc/meminfo and others", lambda: _memory(scene))
    yield value("system/cgroups.json", _TREE, lambda: list(_groups(scene)))
    for name in ("meminfo", "vmstat"):
        path = f"/proc/{name}"
        yield made(f"system/{name}.txt", path, partial(kernel_files.raw, kernel, path))
    yield made("system/pressure.txt", "/proc/pressure", lambda: _pressure_text(scene))


def _memory(scene: Scene) -> object:
    kernel = scene.host.kernel
    vmstat = kernel_files.table(kernel, "/proc/vmstat")
    kept = {
        name: count
        for name, count in vmstat.items()
        if name in _COUNTERS or name.startswith("allocstall")
    }
    return {
        "meminfo": dict(_meminfo(kernel_files.text(kernel, "/proc/meminfo"))),
        "swaps": list(_swaps(kernel_files.text(kernel, "/proc/swaps"))),
        "pressure": pressure(scene),
        "load": list(scene.host.facts.load()),
        "cpus": scene.host.facts.cpus(),
        "vmstat": kept,
    }


def _meminfo(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            yield name, int(words[0]) * (1024 if words[1:] == ["kB"] else 1)


def _swaps(text: str) -> Iterator[dict[str, object]]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 4 and words[2].isdigit() and words[3].isdigit():
            size, used = int(words[2]) << 10, int(words[3]) << 10
            yield {"path": words[0], "kind": words[1], "size": size, "used": used}


def pressure(scene: Scene, folder: str = "/proc/pressure") -> dict[str, object]:
    """PSI (Documentation/accounting/psi.rst): percent of time, and microseconds in all."""
    found: dict[str, object] = {}
    for kind in _KINDS:
        lines = kernel_files.text(scene.host.kernel, f"{folder}/{kind}").splitlines()
        told = {line.split()[0]: _figures(line.split()[1:]) for line in lines if line.strip()}
        if told:
            found[kind] = told
    return found


def _figures(words: Iterable[str]) -> dict[str, float]:
    pairs = (word.partition("=") for word in words)
    return {name: float(text) for name, _, text in pairs if text.replace(".", "", 1).isdigit()}


def _pressure_text(scene: Scene) -> bytes:
    texts = ((kind, kernel_files.text(scene.host.kernel, f"/proc/pressure/{kind}"))
             for kind in _KINDS)  # fmt: skip
    return "".join(f"== {kind}\n{text}" for kind, text in texts if text).encode()


def _groups(scene: Scene) -> Iterator[dict[str, object]]:
    """Units and slices; cgroup v2 only (Documentation/admin-guide/cgroup-v2.rst)."""
    kernel = scene.host.kernel
    pending, seen = [("", 0)], 0
    while pending and seen < _MOST:
        group, depth = pending.pop()
        folder = f"{_TREE}{group}"
        below = kernel_files.names(kernel, folder)
        seen += 1
        if "memory.current" in below:
            yield _group(scene, folder, group)
        if depth < _DEEPEST:
            deeper = [name for name in below if name.endswith((".slice", ".service", ".scope"))]
            pending += [(f"{group}/{name}", depth + 1) for name in reversed(deeper)]


def _group(scene: Scene, folder: str, group: str) -> dict[str, object]:
    kernel = scene.host.kernel
    cpu = kernel_files.table(kernel, f"{folder}/cpu.stat")
    return {
        "path": group,
        "current": kernel_files.number(kernel, f"{folder}/memory.current"),
        "peak": kernel_files.number(kernel, f"{folder}/memory.peak"),
        "max": kernel_files.number(kernel, f"{folder}/memory.max"),
        "high": kernel_files.number(kernel, f"{folder}/memory.high"),
        "events": kernel_files.table(kernel, f"{folder}/memory.events"),
        "tasks": kernel_files.number(kernel, f"{folder}/pids.current"),
        "tasks_max": kernel_files.number(kernel, f"{folder}/pids.max"),
        "cpu_microseconds": cpu.get("usage_usec"),
        "throttled": cpu.get("nr_throttled"),
    }


def guess(scene: Scene) -> int:
    return 20_000


COLLECTOR = Collector(
    code="memory",
    title="memory, swap, pressure, control groups",
    reads="/proc/meminfo, vmstat, swaps, pressure, /sys/fs/cgroup",
    sources=sources,
    guess=guess,
    cap=1 << 20,
    priority=FIRST,
    rescue=False,
)
