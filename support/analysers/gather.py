"""What analysers want of a bundle, gathered while its files stream past: one pass, little memory.

Owns which bytes are kept: small files that an analyser reads, whole; of every other file the lines
that a watch matches, the first and the newest of each. Refuses to keep whole logs, and to let one
file, one line or one watch take all the room: what is over a limit is counted, not kept.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path
from typing import Literal

import zstandard

from support.analysers.analyser import Analyser, Seen, Watch
from support.analysers.scan import Engine, Scan, Scans

SMALL = 4 << 20  # bytes of one file that is read whole; a week of samples
ALL_SMALL = 16 << 20  # bytes of all of them, compressed
ENDS = 50  # lines kept at the beginning and at the end, of each file and watch
ALL_LINES = 20_000  # lines kept in all
LINE = 64 << 10  # of a longer line, nothing after this is looked at
SHOWN = 600  # bytes of a line that are kept


@dataclass(slots=True)
class _Hits:
    """What one watch matched in one file."""

    first: list[Seen] = field(default_factory=list)
    newest: deque[Seen] = field(default_factory=lambda: deque(maxlen=ENDS))
    count: int = 0


@dataclass(slots=True)
class _Stream:
    """A file that is under way. `small` is None where nobody reads it, or it grew too large."""

    scan: Scan | None
    small: list[bytes] | None
    size: int = 0
    carry: bytes = b""
    line: int = 1
    skipping: bool = False
    hits: dict[str, _Hits] = field(default_factory=dict)


class Gathered:
    """Evidence (see `analyser`) of one bundle: `feed` each file's blocks, then `close` it."""

    def __init__(
        self,
        analysers: Iterable[Analyser],
        *,
        engine: Literal["auto"] | Engine = "auto",
        store: Path | None = None,
    ) -> None:
        chosen = tuple(analysers)
        reads = sorted({glob for each in chosen for glob in each.reads})
        self._reads = re.compile("|".join(map(translate, reads)) or r"(?!)")
        # Two analysers may share a watch.
        watches = dict.fromkeys(watch for each in chosen for watch in each.watches)
        self._scans = Scans(watches, engine, store)
        self._streams: dict[str, _Stream] = {}
        self._names: list[str] = []
        self._small: dict[str, bytes] = {}
        self._newest: tuple[str, bytes] = ("", b"")  # several look at one file after another
        self._room = ALL_SMALL
        self._lines_left = ALL_LINES
        self._hits: dict[str, list[_Hits]] = {}

    def feed(self, name: str, block: bytes) -> None:
        """The next bytes of a file, cut anywhere. Files may be fed by turns."""
        stream = self._stream(name)
        stream.size += len(block)
        if stream.small is not None:
            if stream.size > SMALL:
                stream.small = None
            else:
                stream.small.append(bytes(block))
        if stream.scan is not None:
            self._look(name, stream, bytes(block))

    def close(self, name: str) -> None:
        """The file ended; an empty one is only closed."""
        stream = self._stream(name)
        if stream.carry and stream.scan is not None:
            self._scan(name, stream, stream.carry)
        del self._streams[name]
        if stream.small is not None:
            packed = zstandard.ZstdCompressor(level=1).compress(b"".join(stream.small))
            if len(packed) <= self._room:
                self._room -= len(packed)
                self._small[name] = packed
        for code, hits in stream.hits.items():
            self._hits.setdefault(code, []).append(hits)

    def forget(self, name: str) -> None:
        """The file under way is not kept after all."""
        if self._streams.pop(name, None) is not None:
            self._names.remove(name)

    def names(self) -> list[str]:
        return sorted(self._names)

    def read(self, name: str) -> bytes | None:
        packed = self._small.get(name)
        if packed is None:
            return None
        if self._newest[0] != name:
            whole = zstandard.ZstdDecompressor().decompress(packed, max_output_size=SMALL)
            self._newest = name, whole
        return self._newest[1]

    def lines(self, code: str) -> list[Seen]:
        each = self._hits.get(code, [])
        return [seen for hits in each for seen in (*hits.first, *hits.newest)]

    def count(self, code: str) -> int:
        return sum(hits.count for hits in self._hits.get(code, []))

    def _stream(self, name: str) -> _Stream:
        stream = self._streams.get(name)
        if stream is None:
            small: list[bytes] | None = [] if self._reads.match(name) else None
            stream = self._streams[name] = _Stream(self._scans.of(name), small)
            self._names.append(name)
        return stream

    def _look(self, name: str, stream: _Stream, block: bytes) -> None:
        """Scan whole lines; what stands after the last line's end waits for the next block."""
        if stream.skipping:
            end = block.find(b"\n")
            if end < 0:
                return
            block, stream.skipping = block[end:], False
        end = block.rfind(b"\n") + 1
        if end:
            self._scan(name, stream, _shortened(stream.carry + block[:end]))
            stream.carry = block[end:]
        else:
            stream.carry += block
        if len(stream.carry) > LINE:
            stream.carry, stream.skipping = stream.carry[:LINE], True

    def _scan(self, name: str, stream: _Stream, data: bytes) -> None:
        scan = stream.scan
        if scan is None:
            return
        at, line = 0, stream.line
        for start, end, watch in scan.hits(data):
            line += data.count(b"\n", at, start)
            at = start
            self._keep(name, stream, watch, line, data[start : min(end, start + SHOWN)])
        stream.line = line + data.count(b"\n", at)

    def _keep(self, name: str, stream: _Stream, watch: Watch, line: int, text: bytes) -> None:
        hits = stream.hits.get(watch.code)
        if hits is None:
            hits = stream.hits[watch.code] = _Hits()
        hits.count += 1
        full = len(hits.newest) == ENDS
        if self._lines_left <= 0 and not full:
            return
        seen = Seen(name, line, text.decode(errors="replace"))
        if len(hits.first) < ENDS:
            hits.first.append(seen)
        else:
            hits.newest.append(seen)
        self._lines_left -= not full


def _shortened(data: bytes) -> bytes:
    """Whole lines, each at most LINE bytes; so that an answer never hangs on how blocks are cut."""
    at = 0
    pieces: list[bytes] = []
    while len(data) - at > LINE:
        end = data.rfind(b"\n", at, at + LINE + 1)
        if end >= 0:  # all lines up to there are short
            if pieces:
                pieces.append(data[at : end + 1])
            at = end + 1
            continue
        if not pieces:
            pieces.append(data[:at])
        pieces.append(data[at : at + LINE])
        at = data.find(b"\n", at)
    return b"".join([*pieces, data[at:]]) if pieces else data


def gathered(
    analysers: Iterable[Analyser], files: Iterable[tuple[str, Iterable[bytes]]]
) -> Gathered:
    """All of an opened bundle at once: names with their blocks, in any order."""
    evidence = Gathered(analysers)
    for name, blocks in files:
        for block in blocks:
            evidence.feed(name, block)
        evidence.close(name)
    return evidence


def whole(data: bytes) -> Iterator[bytes]:
    """One block, for who has it whole."""
    yield data
