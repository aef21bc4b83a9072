"""`crash-dumps`: where programs were when they died: traces and reports, on request only.

Owns what of a dump can be redacted: what systemd-coredump noted of it (the stack's functions, the
command line), and the words a crashed kernel left. Refuses the dump itself: it is the memory of a
program, where secrets lie in any form, so the last scan would rightly refuse the bundle. Who wants
one hands over the file that crashes/dumps.json names.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.host import glance
from support.collectors.collector import LAST, Collector, Source
from support.collectors.crashes import COREDUMPS, JOURNALS, window
from support.collectors.document import copied
from support.collectors.programs import Programs
from support.scene import Scene

_CAP = 1 << 20
_NEWEST = 5
_CORES = "fc2e22bc6ee647b6b90729ab34a250b1"  # MESSAGE_ID of a core dump (sd-messages.h)
_KDUMP = "/var/crash"


def sources(scene: Scene) -> Iterable[Source]:
    root = scene.layout.root
    if glance.entries(root, COREDUMPS) and glance.entries(root, JOURNALS[0]):
        words = ["-o", "cat", "-n", str(_NEWEST), f"MESSAGE_ID={_CORES}"]
        yield Programs(scene).text("crash-dumps/traces.txt", window(scene, *words), cap=_CAP)
    for each in glance.entries(root, _KDUMP):
        path = f"{_KDUMP}/{each.name}"
        if each.is_folder:
            for name in ("vmcore-dmesg.txt", "kexec-dmesg.log"):
                kept = f"crash-dumps/{each.name}/{name}"
                yield from copied(scene, f"{path}/{name}", kept, cap=_CAP, newest=True)


def guess(scene: Scene) -> int:
    return 20_000 * min(_NEWEST, len(glance.entries(scene.layout.root, COREDUMPS)))


COLLECTOR = Collector(
    code="crash-dumps",
    title="traces of crashed programs",
    reads="what systemd-coredump noted, vmcore-dmesg.txt",
    sources=sources,
    guess=guess,
    cap=4 << 20,
    priority=LAST,
    consent=True,
)
