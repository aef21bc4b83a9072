"""`patches`: how many updates of packages wait, and how many of them for security's sake.

Owns the record of it for `status`, since when each one waits among it. Refuses the network, and to
install anything: when a machine changes is its owner's to say.
"""

from __future__ import annotations

from msgspec.structs import replace

from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.kinds import Duration
from agent.manifest.upkeep import Schedule
from agent.patching import reboot
from agent.patching.kept import Patches, patches_file, read_patches, waiting
from agent.patching.packages import find_packages

_OLD = 7 * 86400.0  # seconds; lists older than this tell little


def run(chores: Chores) -> Done:
    now = chores.host.clock.wall()
    packages = find_packages(chores.host)
    if packages is None:
        return Done(summary="this machine has neither apt nor dnf")
    patches = waiting(packages, read_patches(chores.layout), now)
    patches = replace(patches, reboot=bool(reboot.reasons(chores.host)))
    if not chores.dry:
        patches_file(chores.layout).save(patches)
    return Done(
        summary=f"{patches.pending} updates wait, {patches.security} of them for security",
        items=patches.pending,
        lines=tuple(_lines(patches, now)),
    )


def _lines(patches: Patches, now: float) -> list[str]:
    lines = [f"for security: {name}" for name in patches.names]
    if patches.reboot:
        lines.append("what was installed already needs a restart of the machine")
    if patches.known and now - patches.known > _OLD:
        days = int((now - patches.known) / 86400)
        lines.append(f"the lists of packages are {days} days old; newer updates are not counted")
    return lines


TASK = Task(
    name="patches",
    title="updates of packages that wait",
    schedule=Schedule(calendar="daily", jitter=Duration(4 * 3600)),
    run=run,
    timeout=900.0,
    modes=("systemd",),
)
