"""Whether there is room for an upgrade: the archives, the unpacked files, a kernel in /boot.

Owns the forecast. Refuses to make room: `caretaker housekeeping run` does.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.errors import MachineError
from agent.host.machine import Host
from agent.patching.reboot import expected
from agent.patching.record import Simulated

_ARCHIVES = "/var/cache/apt/archives"
# dpkg writes each new file beside the old one, and its own data base anew.
MARGIN = 200 << 20  # bytes
_KERNEL = 120 << 20  # bytes of /boot: an image, its initramfs, and that one's draft


def needs(found: Simulated) -> dict[str, int]:
    """Place -> bytes that must be free there."""
    new = (each.name for each in (*found.updates, *found.new))
    wanted = {
        _ARCHIVES: found.sizes.download + (MARGIN >> 2),
        "/usr": max(found.sizes.disk, 0) + MARGIN,
        "/var/lib": MARGIN >> 2,
    }
    if expected(new):
        wanted["/boot"] = _KERNEL
    return wanted


def short(host: Host, found: Simulated) -> Iterator[str]:
    """Each place without room, in words. Places on one file system must hold the sum."""
    taken: dict[tuple[int, int], tuple[list[str], int]] = {}
    for place, count in needs(found).items():
        path = host.path(place)
        while not path.exists() and path != path.parent:
            path = path.parent
        facts = host.facts.file_system(path)
        # Two places of one file system say the same of its size and of what is free.
        places, sum_ = taken.setdefault((facts.size, facts.free), ([], 0))
        taken[facts.size, facts.free] = ([*places, place], sum_ + count)
    for (_, free), (places, count) in taken.items():
        if count > free:
            where = ", ".join(places)
            yield f"{where}: {count >> 20} MiB are needed, {free >> 20} MiB are free"


def demand(host: Host, found: Simulated) -> None:
    """Raises MachineError where there is too little; OSError where it can't be known."""
    missing = list(short(host, found))
    if missing:
        hint = "caretaker housekeeping run --due; apt-get clean"
        raise MachineError("disk-short", "; ".join(missing), hint=hint)
