"""Pseudonyms on the disk before the bundle that uses them: a list that only grows.

Owns the file beside the map. The map itself is written once, at the end; should the redactor be
killed before, what it gave is here, and whoever reads the map next takes it over. Refuses to be
read by anybody else, and to hold up a bundle where its disk is full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from agent.host import growing
from agent.host.failures import FileFailure
from agent.host.growing import Growing
from agent.layout import Layout
from agent.status import NO_SENSE

_CAP = 64 << 20  # bytes


class Ahead:
    """What is given in one run. `sources` only grow."""

    def __init__(self, layout: Layout, sources: Sequence[Mapping[bytes, bytes]]) -> None:
        self._path, self._sources = _path(layout), sources
        self._noted = [0] * len(sources)
        self._file: Growing | None = None
        self.why = ""

    def note(self) -> None:
        """Write down what is new. It stays when this process ends, however it ends."""
        if self.why or self._noted == [len(each) for each in self._sources]:
            return
        lines = []
        for number, given in enumerate(self._sources):
            for pseudonym, value in islice(given.items(), self._noted[number], None):
                words = (pseudonym.decode(), value.decode(errors="replace"))
                lines.append(msgspec.json.encode(words) + b"\n")
            self._noted[number] = len(given)
        try:
            self._file = self._file or growing.begin(self._path)
            self._file.append(b"".join(lines))
        except FileFailure as error:
            self.why = str(error)

    def over(self) -> None:
        """The map has it all."""
        if self._file is not None:
            self._file.discard()
            self._file.close()
            self._file = None


def sync(layout: Layout) -> None:
    """What was noted outlives a power cut, too; the bundle is synced after it."""
    try:
        file = growing.go_on(_path(layout))
    except FileFailure:
        return  # Nothing was given yet, or its disk takes nothing: that is told at the end.
    try:
        file.sync()
    except FileFailure:
        return
    finally:
        file.close()


def take_over(layout: Layout, keep: Callable[[Mapping[bytes, bytes]], None]) -> None:
    """Give what a run left behind to `keep`, and take it away. What `keep` raises is raised."""
    try:
        file = growing.go_on(_path(layout))
    except FileFailure:
        return
    try:
        keep(_understood(file.read_at(0, _CAP)))
        file.discard()
    except FileFailure:
        return
    finally:
        file.close()


def _understood(content: bytes) -> dict[bytes, bytes]:
    """Whole lines; the last may have been cut."""
    found = {}
    for line in content.splitlines():
        try:
            pseudonym, value = msgspec.json.decode(line, type=tuple[str, str])
        except NO_SENSE:
            continue
        found[pseudonym.encode()] = value.encode()
    return found


def _path(layout: Layout) -> Path:
    return layout.pseudonyms.with_name("pseudonyms.ahead")
