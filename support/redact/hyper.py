"""Triggers found by Hyperscan: one pass over a block for all of them.

Owns compiling and the callback. Refuses to find spans: its matches are all that end anywhere, in
the order of their ends, which is not what `re` would call a match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hyperscan
from hyperscan import _version

from support.redact.engine import Hits, Trigger
from support.redact.hyper_store import kept

_LONG = 12
_BOUNDED = re.compile(rb"(?<!\\)\{([0-9]+),([0-9]+)\}")
_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_MULTILINE


class Hyper:
    """The engine that is used wherever there is a wheel for it.

    Triggers whose beginning counts have a database of their own: in one with all the others they
    keep these from Hyperscan's quicker ways, a tenth of the scan.
    """

    name = "hyperscan"

    def __init__(self, triggers: Sequence[Trigger], owners: int, store: Path | None = None) -> None:
        self._owners = owners
        self._parts = [
            _Part(each, store)
            for starts in (False, True)
            if (each := [trigger for trigger in triggers if trigger.starts is starts])
        ]

    def scan(self, block: bytes) -> Hits:
        hits: Hits = [[] for _ in range(self._owners)]
        if block:
            for part in self._parts:
                part.scan(block, hits)
            for offsets in hits:
                offsets.sort()
        return hits


class _Part:
    """Triggers that are all alike in whether they tell where they start."""

    def __init__(self, triggers: Sequence[Trigger], store: Path | None) -> None:
        self._triggers = triggers
        self._database = kept(_recipe(triggers), store, self._compiled)
        self._scratch = hyperscan.Scratch(self._database)
        self._of = [trigger.owner for trigger in triggers]
        self._starts = triggers[0].starts

    def scan(self, block: bytes, hits: Hits) -> None:
        notes = [hits[owner].append for owner in self._of]

        def at_start(which: int, start: int, end: int, flags: int, context: Any) -> None:
            notes[which](start)

        def before_end(which: int, start: int, end: int, flags: int, context: Any) -> None:
            notes[which](end - 1)

        told = at_start if self._starts else before_end
        self._database.scan(block, match_event_handler=told, scratch=self._scratch)

    def _compiled(self) -> Any:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        flags = [_flags(trigger) for trigger in self._triggers]
        patterns = [_wider(trigger) for trigger in self._triggers]
        try:
            database.compile(
                expressions=patterns, ids=range(len(patterns)), elements=len(patterns), flags=flags
            )
        except hyperscan.HyperscanError as error:
            raise ValueError(f"a trigger is no expression: {error}") from error
        return database


def _flags(trigger: Trigger) -> int:
    return _FLAGS | (hyperscan.HS_FLAG_SOM_LEFTMOST if trigger.starts else 0)


def _wider(trigger: Trigger) -> bytes:
    """`x{1,60}` as `x+`: it hits no less, hits hardly more, and compiles in a third of the time.

    Not where its beginning counts: that would move.
    """
    return trigger.pattern if trigger.starts else _BOUNDED.sub(_unbounded, trigger.pattern)


def _unbounded(bounds: re.Match[bytes]) -> bytes:
    least, most = int(bounds[1]), int(bounds[2])
    if most < _LONG:
        return bounds[0]
    return {0: b"*", 1: b"+"}.get(least, b"{%d,}" % least)


def _recipe(triggers: Sequence[Trigger]) -> bytes:
    """All that the compiled form depends on, the processor's abilities aside."""
    lines = [b"%d %s" % (_flags(trigger), _wider(trigger)) for trigger in triggers]
    return b"\n".join([_version.__version__.encode(), *lines])
