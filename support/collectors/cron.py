"""`cron`: what cron runs here, and who has a crontab. Timers are `systemd`'s.

Owns the files. Refuses the content of people's crontabs: whose there is one is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.host import glance
from support.collectors.collector import LATER, Collector, Source
from support.collectors.document import copied, value
from support.scene import Scene

_FOLDERS = ("/etc/cron.d",)
_NAMES = ("/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
_SPOOLS = ("/var/spool/cron/crontabs", "/var/spool/cron", "/var/spool/at")


def sources(scene: Scene) -> Iterable[Source]:
    for name in ("crontab", "anacrontab"):
        yield from copied(scene, f"/etc/{name}", f"cron/{name}")
    for folder in _FOLDERS:
        for each in glance.entries(scene.layout.root, folder):
            yield from copied(scene, f"{folder}/{each.name}", f"cron/cron.d/{each.name}")
    yield value("cron/crontabs.json", ", ".join(_SPOOLS), lambda: list(_listed(scene)))


def _listed(scene: Scene) -> Iterator[dict[str, object]]:
    for folder in (*_NAMES, *_SPOOLS):
        for each in glance.entries(scene.layout.root, folder):
            if each.is_file:
                yield {
                    "folder": folder,
                    "name": each.name,
                    "size": each.size,
                    "modified": each.modified,
                }


def guess(scene: Scene) -> int:
    listed = [each for name in _FOLDERS for each in glance.entries(scene.layout.root, name)]
    return 2000 + sum(each.size for each in listed if each.is_file)


COLLECTOR = Collector(
    code="cron",
    title="cron's jobs",
    reads="/etc/crontab, /etc/cron.d, names of crontabs",
    sources=sources,
    guess=guess,
    cap=512 << 10,
    priority=LATER,
)
