"""The world of a run on this machine: layout and values, and the machine's circumstances.

Owns the wiring, and nothing else.
"""

from __future__ import annotations

from agent.host.machine import Host
from agent.housekeeping.due import Moment, settled
from agent.housekeeping.roll import tasks_of
from agent.housekeeping.states import read_states, state_file
from agent.housekeeping.task import Chores
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.values import values_for


def open_chores(manifest: Manifest, layout: Layout, host: Host) -> Chores:
    return Chores(host, manifest, layout, values_for(manifest, layout))


def moment_of(host: Host, layout: Layout, *, up_since: float | None = None) -> Moment:
    """Now. `up_since`, since 1970: from when on tasks are watched over; the machine's start."""
    now = host.clock.wall()
    if up_since is None:
        up_since = now - (host.clock.monotonic() - host.facts.system_began())
    zone = host.clock.zone(environment=layout.embedded)
    return Moment(now, up_since, zone, host.facts.machine_id())


def note_tasks(manifest: Manifest, layout: Layout, host: Host) -> None:
    """Reckon each task from now that was never seen before. Raises FileFailure."""
    states = read_states(layout)
    tasks = tasks_of(manifest, embedded=layout.embedded)
    sound = settled(states, tasks, host.clock.wall())
    if sound is not states:
        state_file(layout).save(sound)
