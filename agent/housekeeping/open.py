"""The world of a run on this machine: layout and values, and the machine's circumstances.

Owns the wiring, and nothing else.
"""

from __future__ import annotations

from agent.host.machine import Host
from agent.housekeeping.task import Chores
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.values import values_for


def open_chores(manifest: Manifest, layout: Layout, host: Host) -> Chores:
    return Chores(host, manifest, layout, values_for(manifest, layout))
