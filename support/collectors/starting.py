"""Collectors begun by a process that was forked before anything secret was known.

Owns that process's errand: which collector, how much it may give. A child of the refinery itself
would be a copy of all it knows, and as large. Refuses a collector that it was not born with.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from agent.host import starter
from agent.host.giving import Give
from support.collectors import running
from support.collectors.collector import Collector
from support.collectors.running import Begin, Child
from support.scene import Scene

_CAP = struct.Struct(">Q")


def begin_apart(scene: Scene, collectors: Sequence[Collector]) -> Begin:
    """Fork that process; what begins these collectors in it. Raises OSError."""
    known = {each.code: each for each in collectors}

    def work(asked: bytes, give: Give) -> None:
        (cap,) = _CAP.unpack_from(asked)
        running.collect(known[asked[_CAP.size :].decode()], scene, cap, give)

    apart = starter.start(work)

    def begin(collector: Collector, _scene: Scene, cap: int, longest: float) -> Child:
        return apart.begin(_CAP.pack(cap) + collector.code.encode(), longest=longest)

    return begin
