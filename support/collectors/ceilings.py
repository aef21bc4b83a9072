"""`limits`: how near the machine and the services are to what the kernel allows them.

Owns the shape. Refuses to list what a process has open: how many is enough, and paths are not ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.host.kernel import Kernel
from support.collectors import kernel_files
from support.collectors.collector import SOON, Collector, Source
from support.collectors.document import value
from support.collectors.processes import unit_of
from support.scene import Scene

_MOST = 60  # processes
_INOTIFY = "/proc/sys/fs/inotify"


def sources(scene: Scene) -> Iterable[Source]:
    yield value("system/limits.json", "/proc/sys, /proc/PID/limits", lambda: _limits(scene))


def _limits(scene: Scene) -> object:
    kernel = scene.host.kernel
    opened = kernel_files.first(kernel, "/proc/sys/fs/file-nr").split()
    threads = kernel_files.first(kernel, "/proc/loadavg").split()
    return {
        "files": {
            "open": kernel_files.whole(opened[0]) if opened else None,
            "max": kernel_files.whole(opened[2]) if len(opened) > 2 else None,
        },
        "threads": {
            "now": kernel_files.whole(threads[3].partition("/")[2]) if len(threads) > 3 else None,
            "max": kernel_files.number(kernel, "/proc/sys/kernel/threads-max"),
        },
        "pids_max": kernel_files.number(kernel, "/proc/sys/kernel/pid_max"),
        "inotify": {
            name: kernel_files.number(kernel, f"{_INOTIFY}/{name}")
            for name in kernel_files.names(kernel, _INOTIFY)
        },
        "max_map_count": kernel_files.number(kernel, "/proc/sys/vm/max_map_count"),
        "processes": list(_processes(scene)),
    }


def _processes(scene: Scene) -> Iterator[dict[str, object]]:
    """Those in units of the appliance's and of Caretaker, found by their control group."""
    kernel, app = scene.host.kernel, scene.layout.app
    units = {each.unit for each in (scene.manifest.services.values() if scene.manifest else ())}
    names = [name for name in kernel_files.names(kernel, "/proc") if name.isdigit()]
    given = 0
    for pid in sorted(map(int, names)):
        unit = unit_of(kernel, pid)
        ours = unit.startswith("caretaker") or bool(app and unit.startswith(f"{app}-"))
        if not unit or not (ours or unit in units):
            continue
        yield _process(kernel, pid, unit)
        given += 1
        if given >= _MOST:
            return


def _process(kernel: Kernel, pid: int, unit: str) -> dict[str, object]:
    text = kernel_files.text(kernel, f"/proc/{pid}/limits")
    return {
        "pid": pid,
        "name": kernel_files.first(kernel, f"/proc/{pid}/comm"),
        "unit": unit,
        "open_files": len(kernel_files.names(kernel, f"/proc/{pid}/fd")),
        "oom_score_adj": kernel_files.number(kernel, f"/proc/{pid}/oom_score_adj"),
        "limits": dict(_table(text)),
    }


def _table(text: str) -> Iterator[tuple[str, list[int | str | None]]]:
    """`Max open files            1024      524288     files`: the name is 26 characters wide."""
    for line in text.splitlines()[1:]:
        words = line[26:].split()
        if len(words) >= 2:
            numbers = [None if word == "unlimited" else kernel_files.whole(word)
                       for word in words[:2]]  # fmt: skip
            yield line[:26].strip(), [*numbers, words[2] if len(words) > 2 else ""]


def guess(scene: Scene) -> int:
    return 5000


COLLECTOR = Collector(
    code="limits",
    title="open files, threads and what is allowed",
    reads="/proc/sys/fs, /proc/PID/limits of the services",
    sources=sources,
    guess=guess,
    cap=1 << 20,
    priority=SOON,
    rescue=False,
)
