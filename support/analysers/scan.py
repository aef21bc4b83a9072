"""Finds the lines that watches match, in blocks of whole lines.

Owns the two engines, which give the same answer: Hyperscan looks for all patterns at once, `re` for
one after another; each line either of them suspects is held to the pattern on its own. Somebody
else's patterns run on RE2 alone, in linear time. Refuses to keep anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import partial
from pathlib import Path
from typing import Any, Literal

from support.analysers.analyser import Watch
from support.redact.engine import has_hyperscan

_BOUNDED = re.compile(rb"\{\d+,\d+\}")
Engine = Literal["hyperscan", "plain"]
Hit = tuple[int, int, Watch]
# Where a pattern may match in `data` from `at` on: the first place, or -1.
Finder = Callable[[bytes, int], int]


@dataclass(frozen=True, slots=True)
class Scan:
    """The watches of one file. `finders` stand for those that `suspects` does not know."""

    finders: tuple[tuple[Watch, Finder], ...]
    suspects: Callable[[bytes], Iterable[Hit]] | None = None

    def hits(self, data: bytes) -> Iterator[Hit]:
        """Start and end of each line (its end left out), with the watch that matched it.

        In the order of lines, then of watches. `data` ends anywhere but within a line.
        """
        found: list[tuple[int, int, str, Watch]] = []
        if self.suspects is not None:
            found += ((a, b, watch.code, watch) for a, b, watch in self.suspects(data))
        for watch, finder in self.finders:
            found += ((a, b, watch.code, watch) for a, b in _lines(data, finder))
        for start, end, _, watch in sorted(found, key=lambda each: each[:3]):
            yield start, end, watch


class Scans:
    """Which scan a file gets, by its name; files with the same watches share one."""

    def __init__(
        self,
        watches: Iterable[Watch],
        engine: Literal["auto"] | Engine,
        store: Path | None = None,
    ) -> None:
        self._store = store
        self._globs = [
            (watch, re.compile("|".join(map(translate, watch.files)))) for watch in watches
        ]
        self._engine = engine
        self._made: dict[tuple[int, ...], Scan] = {}
        self._all: _All | None = None

    def of(self, name: str) -> Scan | None:
        """None where no watch looks at it."""
        which = tuple(n for n, (_, glob) in enumerate(self._globs) if glob.match(name))
        if not which:
            return None
        if which not in self._made:
            self._made[which] = self._scan([self._globs[n][0] for n in which])
        return self._made[which]

    def _scan(self, watches: list[Watch]) -> Scan:
        foreign = tuple((each, _re2_finder(each)) for each in watches if each.foreign)
        ours = [each for each in watches if not each.foreign]
        fast = self._engine == "hyperscan" or (self._engine == "auto" and has_hyperscan())
        if ours and fast:
            return Scan(foreign, self._known().suspects(ours))
        return Scan((*((each, _re_finder(each)) for each in ours), *foreign))

    def _known(self) -> _All:
        if self._all is None:
            ours = {watch.pattern for watch, _ in self._globs if not watch.foreign}
            self._all = _All(sorted(ours), self._store)
        return self._all


def _lines(data: bytes, finder: Finder) -> Iterator[tuple[int, int]]:
    """Each line that matches on its own, though what was found may go over a line's end."""
    at = 0
    while 0 <= (at := finder(data, at)) < len(data):
        start = data.rfind(b"\n", 0, at) + 1
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if finder(data[start:end], 0) >= 0:
            yield start, end
        at = end + 1


def _re_finder(watch: Watch) -> Finder:
    pattern = re.compile(watch.pattern, re.MULTILINE)

    def find(data: bytes, at: int) -> int:
        match = pattern.search(data, at)
        return -1 if match is None else match.start()

    return find


def _re2_finder(watch: Watch) -> Finder:
    pattern = _compiled(watch.pattern)

    def find(data: bytes, at: int) -> int:
        match = pattern.search(data, at)
        return -1 if match is None else int(match.start())

    return find


class _All:
    """All patterns in one Hyperscan database: compiling takes longer than scanning does."""

    def __init__(self, patterns: list[bytes], store: Path | None) -> None:
        """Raises ImportError where there is no Hyperscan. `store` is a closed folder for what was
        compiled."""
        import hyperscan

        from support.redact import hyper_store

        self._ids = {pattern: number for number, pattern in enumerate(patterns)}
        recipe = b"watches\0" + b"\0".join(patterns)
        self._database = hyper_store.kept(recipe, store, partial(_compiled_all, patterns))
        self._scratch = hyperscan.Scratch(self._database)  # one that was loaded has none

    def suspects(self, watches: list[Watch]) -> Callable[[bytes], Iterable[Hit]]:
        """Finds lines of these watches; whatever else is in the database is not heard."""
        mine: dict[int, list[Watch]] = {}
        for each in watches:
            mine.setdefault(self._ids[each.pattern], []).append(each)
        alone = {number: _re_finder(each[0]) for number, each in mine.items()}
        return partial(_suspects, (self._database, self._scratch), mine, alone)


def _compiled_all(patterns: list[bytes]) -> Any:  # hyperscan publishes no types
    import hyperscan

    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        # A repeat with an upper bound costs Hyperscan tenths of a second to compile. Without
        # the bound it suspects a little more, which is then held to the pattern itself.
        expressions=[_BOUNDED.sub(b"*", pattern) for pattern in patterns],
        ids=list(range(len(patterns))),
        flags=[hyperscan.HS_FLAG_MULTILINE] * len(patterns),
    )
    return database


def _suspects(
    engine: tuple[Any, Any],  # database and scratch; hyperscan publishes no types
    mine: dict[int, list[Watch]],
    alone: dict[int, Finder],
    data: bytes,
) -> Iterable[Hit]:
    looked = dict.fromkeys(mine, (0, 0))  # the line of each pattern's last match
    found: dict[tuple[int, int], list[Hit]] = {}

    def on_match(which: int, _from: int, to: int, _flags: int, _context: object) -> None:
        # Where a match goes over a line's end, its last line is the one that is looked at; were the
        # line before it a match on its own, that is told by itself.
        line = looked.get(which)
        if line is None or line[0] < to <= line[1]:
            return
        start = data.rfind(b"\n", 0, to - 1) + 1
        end = data.find(b"\n", to - 1)
        end = len(data) if end < 0 else end
        looked[which] = start, end
        if alone[which](data[start:end], 0) >= 0:
            found[which, start] = [(start, end, watch) for watch in mine[which]]

    database, scratch = engine
    database.scan(data, match_event_handler=on_match, scratch=scratch)
    return [hit for hits in found.values() for hit in hits]


def complaint(pattern: str) -> str:
    """Why somebody's pattern is none for RE2; empty where it is good."""
    try:
        import re2
    except ImportError:
        return "google-re2 is not installed here"
    try:
        _compiled(pattern.encode())
    except re2.error as error:
        said = error.args[0] if error.args else "not understood"
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return ""


def _compiled(pattern: bytes) -> Any:
    """Somebody else's pattern over lines of bytes that need not be UTF-8. Raises re2.error."""
    # Heavy, and only who has such patterns needs it.
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(b"(?m)" + pattern, options)
