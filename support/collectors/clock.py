"""`time`: whether the clock can be believed: who keeps it, how far it is off, the chip's own.

Owns the shape. Asks no server: what the time service knows is taken from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agent.host import glance
from support.collectors import kernel_files
from support.collectors.collector import SOON, Collector, Source
from support.collectors.document import below_root, value
from support.collectors.programs import Programs
from support.scene import Scene

_RTC = "/sys/class/rtc/rtc0/since_epoch"
_SERVICES = ("chronyd", "systemd-timesyncd", "ntpd", "ntpsec")
# How the kernel names a process (comm), cut to 15 characters.
_COMM = {each[:15]: each for each in (*_SERVICES, "systemd-timesyn")}


def sources(scene: Scene) -> Iterable[Source]:
    ask = Programs(scene)
    source = _source(scene)
    yield value("time/clock.json", "clocks", lambda: _clock(scene, source))
    if scene.host.systemd.booted():
        yield ask.text("time/timedatectl.txt", ["timedatectl", "show"])
    if source == "chronyd":
        tracking = ["chronyc", "-n", "tracking"], ["chronyc", "-n", "sources"]
        yield ask.text("time/chrony.txt", *tracking)
    elif source == "systemd-timesyncd":
        yield ask.text("time/timesync.txt", ["timedatectl", "show-timesync"])


def _clock(scene: Scene, source: str) -> object:
    clock, layout = scene.host.clock, scene.layout
    wall = clock.wall()
    face = datetime.fromtimestamp(wall, clock.zone(environment=False))
    told: dict[str, object] = {
        "wall": wall,
        "up_seconds": clock.monotonic(),
        "boot_id": clock.boot_id(),
        "zone": face.strftime("%Z %z"),  # its name is in environment.json
        "source": source,
    }
    try:
        sync = scene.host.kernel.time_sync()
        told |= {
            "synchronised": sync.synchronised,
            "offset_seconds": sync.offset,
            "most_seconds": sync.most,
        }
    except OSError as error:
        told |= {"synchronised": None, "problem": error.strerror or str(error)}
    chip = kernel_files.number(scene.host.kernel, _RTC)
    told |= {"rtc": chip, "rtc_offset_seconds": None if chip is None else round(wall - chip, 1)}
    places = (layout.image, layout.manifest, layout.ledger, layout.agent_ledger, layout.history)
    seen = [glance.look(layout.root, below_root(scene, path)) for path in places]
    return {**told, "newest_file": max((each.modified for each in seen if each), default=None)}


def _source(scene: Scene) -> str:
    kernel = scene.host.kernel
    for name in kernel_files.names(kernel, "/proc"):
        if name.isdigit():
            comm = kernel_files.first(kernel, f"/proc/{name}/comm")
            if comm in _COMM:
                found = _COMM[comm]
                return "systemd-timesyncd" if found.startswith("systemd") else found
    return ""


def guess(scene: Scene) -> int:
    return 1200


COLLECTOR = Collector(
    code="time",
    title="clock and time service",
    reads="adjtimex, /sys/class/rtc, timedatectl, chronyc",
    sources=sources,
    guess=guess,
    cap=256 << 10,
    priority=SOON,
    rescue=False,
)
