"""`system-updates`: every update of the system, in a window that somebody has set.

Owns asking for it and telling how it ended. Refuses to run by itself without a calendar of the
appliance's own, to restart what the manifest does not name, and ever to reboot.
"""

from __future__ import annotations

from agent.housekeeping.task import Chores, Done, Task
from agent.manifest.upkeep import Schedule
from agent.patching.ask import ask_for
from agent.patching.plan import demand_packages
from agent.patching.request import OsRequest, error_of


def run(chores: Chores) -> Done:
    if chores.dry:
        found = demand_packages(chores.host).simulate("usual")
        lines = tuple(each.told for each in found.updates)
        return Done(
            summary=f"would install {len(lines)} updates of those known here",
            items=len(lines),
            lines=lines,
        )
    request = OsRequest(id=f"{chores.host.clock.wall():.6f}", actor="window")
    outcome = ask_for(chores.layout, chores.host, request)
    if outcome.failure is not None:
        raise error_of(outcome.failure)
    lines = tuple(f"{each.name} {each.before} → {each.after}" for each in outcome.changed)
    notes = tuple(f"a reboot is needed: {reason}" for reason in outcome.reboot)
    old = tuple(f"still runs on replaced files: {unit}" for unit in outcome.waiting)
    return Done(
        summary=f"{len(outcome.changed)} packages changed",
        items=len(outcome.changed),
        lines=(*notes, *old, *lines)[:300],
    )


TASK = Task(
    name="system-updates",
    title="updates of the system, in their window",
    # Off until the manifest says when: [housekeeping.own.system-updates] calendar = "…".
    schedule=Schedule(calendar="", persistent=False),
    run=run,
    timeout=4 * 3600.0,
    rights=(
        "# What is asked of caretaker-os.service is written there.",
        "ReadWritePaths=/run/caretaker-os",
    ),
    modes=("systemd",),
)
