"""Collectors begun by a process that was forked before anything secret was known.

Owns that process's errand: which collector, how much it may give; and beginning the next few while
one is under way, since most wait for programs longer than they work. A child of the refinery itself
would be a copy of all it knows, and as large. Refuses a collector that it was not born with, and to
begin ahead what may become large.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from agent.host import starter
from agent.host.giving import Give
from support.collectors import running
from support.collectors.collector import Collector
from support.collectors.limits import Limits
from support.collectors.running import Child
from support.scene import Scene

_CAP = struct.Struct(">Q")
_SMALL = 8 << 20  # bytes, the cap of what is begun ahead


class Apart:
    """Begins these collectors in a process forked now. Raises OSError."""

    def __init__(self, scene: Scene, collectors: Sequence[Collector]) -> None:
        self._scene = scene
        self._known = {each.code: each for each in collectors}
        self._ahead: dict[str, Child] = {}
        self._starter = starter.start(self._work)

    def begin(self, collector: Collector, _scene: Scene, cap: int, longest: float) -> Child:
        """As `running.Begin`; one that was begun ahead is given as it is."""
        child = self._ahead.pop(collector.code, None)
        if child is not None and cap == collector.cap:
            return child
        if child is not None:
            child.end()
        return self._starter.begin(_CAP.pack(cap) + collector.code.encode(), longest=longest)

    def ahead(self, now: str, soon: Sequence[str], limits: Limits) -> None:
        """Begin those that come after this one, if all may give all they want."""
        wanted = self._known[now].cap
        for code in soon:
            each = self._known[code]
            wanted += each.cap
            if wanted > limits.bytes(each.priority) or running.refusal(each, self._scene, limits):
                return
            if each.cap <= _SMALL and code not in self._ahead:
                try:
                    self._ahead[code] = self.begin(
                        each, self._scene, each.cap, limits.seconds() + running.GRACE
                    )
                except OSError:
                    return  # It is begun in its turn, or said that it could not be.

    def stop(self) -> None:
        """All it began ends."""
        self._starter.stop()

    def _work(self, asked: bytes, give: Give) -> None:
        (cap,) = _CAP.unpack_from(asked)
        code = asked[_CAP.size :].decode()
        running.collect(self._known[code], self._scene, cap, give)
