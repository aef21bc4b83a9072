"""The journal as text, read by systemd-python: one line an entry, in large blocks.

Owns the door to the library, which entries are wanted, and their form. Only the fields that a line
needs are asked for, one by one: whole entries cost more than twice as much (`python -m
bench.support.journal`). Refuses to write to the journal (`journal` does).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from agent.host import mapped
from agent.host.failures import HostFailure

_LOCAL_ONLY = 1  # SD_JOURNAL_LOCAL_ONLY
_BLOCK = 256 << 10  # bytes
_SECOND = 1_000_000  # the journal counts microseconds
_SHORTEST = 40  # bytes of a line
_STAMP = 33  # bytes of a line's time and its end
_SAMPLE = 256  # entries, by which the length of the others is guessed
_FILES = ".journal"
_ALL_AT_ONCE, _BLOCKS = 20_000, 4  # entries counted, blocks given; then what was read is let go
_COUNTED = 300_000  # entries; a journal of gigabytes must not make a plan slow
_LOOKED = 5000  # entries in which the latest values of a field are sought
_MARGIN = 0.8  # of the cap; the guess is one
# What a terminal obeys, and NUL, by which a file counts as binary; tab and line end stay.
_PLAIN = bytes(0x3F if byte < 32 and byte not in (9, 10) else byte for byte in range(256))
_BARE = bytes(range(1, 9)) + bytes(range(11, 32)) + b"\0"

Group = tuple[str, ...]


class Reader(Protocol):
    """What is used of systemd-python's `_reader._Reader`."""

    def _next(self, skip: int = 1, /) -> bool: ...

    def _previous(self, skip: int = 1, /) -> bool: ...

    def _get(self, field: str, /) -> bytes: ...

    def _get_realtime(self) -> int: ...

    def add_match(self, match: str, /) -> None: ...

    def add_disjunction(self) -> None: ...

    def flush_matches(self) -> None: ...

    def seek_head(self) -> None: ...

    def seek_tail(self) -> None: ...

    def seek_realtime(self, microseconds: int, /) -> None: ...

    def query_unique(self, field: str, /) -> set[bytes]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: those of which all `FIELD=value` of any group hold (none: every entry), in
    the window, but for those where a field of `without` has one of its values."""

    groups: tuple[Group, ...] = ()
    since: float = 0.0
    until: float = 1e11
    without: Mapping[str, frozenset[bytes]] = field(default_factory=dict)


def available() -> bool:
    """Whether the library is here."""
    try:
        import systemd._reader
    except ImportError:
        return False
    return hasattr(systemd._reader, "_Reader")  # a folder named systemd makes an empty package


def open_reader(folder: int = -1) -> Reader:
    """Of this machine's journal, or of the files in an open folder. HostFailure, ImportError."""
    from systemd._reader import _Reader

    try:
        found: Reader = _Reader(_LOCAL_ONLY) if folder < 0 else _Reader(0, folder)
    except (OSError, ValueError) as error:
        raise HostFailure(f"the journal could not be opened: {error}") from error
    return found


@dataclass
class Telling:
    """The entries wanted, as text. `left_out` is about how many bytes of it a cap left out."""

    reader: Reader
    wanted: Wanted
    left_out: int = 0
    _host: bytes = b""

    def blocks(self, cap: int) -> Iterator[bytes]:
        """The newest, of at most about `cap` bytes. HostFailure where the journal is damaged; what
        came before stands."""
        select(self.reader, self.wanted)
        try:
            self._begin(cap)
            yield from self._blocks()
        except OSError as error:
            why = error.strerror or str(error)
            raise HostFailure(f"the journal could not be read to its end: {why}") from error

    def size(self) -> int:
        """About how much text there is, of all that is wanted. OSError."""
        since, until = _micro(self.wanted.since), _micro(self.wanted.until)
        count, last = self._count(_COUNTED)
        if count == _COUNTED:  # The rest is taken to be as dense.
            self.reader.seek_tail()
            end = min(until, self.reader._get_realtime()) if self.reader._previous() else last
            count = int(count * max(1.0, (end - since) / max(1, last - since)))
        return int(count * self._length())

    def newest(self, entries: int) -> bytes:
        """The last so many of what is wanted. OSError."""
        self.reader.seek_realtime(_micro(self.wanted.until))
        self.reader._previous(entries)
        return b"".join(self._blocks())

    def _begin(self, cap: int) -> None:
        """Go to the first entry that the cap has room for."""
        count, _ = self._count(1 << 62)
        over = 0
        if count * _SHORTEST > cap:
            length = self._length()
            if count * length > _MARGIN * cap:
                over = max(0, count - int(_MARGIN * cap / length))
            self.left_out = int(over * length)
        self.reader.seek_realtime(_micro(self.wanted.since))
        if over:
            self.reader._next(over)

    def _count(self, most: int) -> tuple[int, int]:
        """Entries in the window, and when the last of them was."""
        self.reader.seek_realtime(_micro(self.wanted.since))
        following, at, until = (
            self.reader._next,
            self.reader._get_realtime,
            _micro(self.wanted.until),
        )
        count = last = 0
        while count < most and following() and (now := at()) <= until:
            count, last = count + 1, now
            if not count % _ALL_AT_ONCE:
                mapped.let_go(_FILES)
        mapped.let_go(_FILES)
        return count, last

    def _length(self) -> float:
        """Of a line on average, by the newest."""
        self.reader.seek_realtime(_micro(self.wanted.until))
        sample = length = 0
        while sample < _SAMPLE and self.reader._previous():
            sample += 1
            length += len(self._said()) + _STAMP
        return length / sample if sample else float(_STAMP)

    def _blocks(self) -> Iterator[bytes]:
        # Names of our own for what is called for each of 100,000 entries.
        following, at, said = self.reader._next, self.reader._get_realtime, self._said
        until, refused = _micro(self.wanted.until), _refusal(self.reader, self.wanted.without)
        lines: list[bytes] = []
        size, begun, stamp, given = 0, -1, b"", 0
        while following():
            now = at()
            if now > until:
                break
            if refused is not None and refused():
                continue
            if not 0 <= now - begun < _SECOND:
                begun = now - now % _SECOND
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(begun // _SECOND)).encode()
            line = b"%b.%06d+0000 %b\n" % (stamp, now - begun, said())
            lines.append(line)
            size += len(line)
            if size > _BLOCK:
                yield _plain(lines)
                lines, size, given = [], 0, given + 1
                if not given % _BLOCKS:
                    mapped.let_go(_FILES)
        if lines:
            yield _plain(lines)

    def _said(self) -> bytes:
        """`host name[pid]: message`, as syslog has it; further lines of it are indented."""
        get = self.reader._get
        try:
            message = get("MESSAGE")
        except KeyError:
            message = b""
        if b"\n" in message:
            message = message.rstrip(b"\n").replace(b"\n", b"\n    ")
        if not self._host:
            self._host = self._field("_HOSTNAME") or b"-"
        try:
            name = get("SYSLOG_IDENTIFIER")
        except KeyError:
            name = self._field("_COMM") or b"unknown"
        try:
            return b"%b %b[%b]: %b" % (self._host, name, get("_PID"), message)
        except KeyError:  # The kernel has none.
            return b"%b %b: %b" % (self._host, name, message)

    def _field(self, name: str) -> bytes:
        try:
            return self.reader._get(name)
        except KeyError:
            return b""


def select(reader: Reader, wanted: Wanted) -> None:
    """From here on the reader sees those entries only, whatever their time and `without`."""
    reader.flush_matches()
    for group in wanted.groups:
        for match in group:
            reader.add_match(match)
        reader.add_disjunction()


def latest(reader: Reader, wanted: Wanted, name: str, *, most: int) -> list[str]:
    """Values of a field in the newest of such entries, each once, the newest first. OSError."""
    select(reader, wanted)
    reader.seek_realtime(_micro(wanted.until))
    found: dict[str, None] = {}
    since = _micro(wanted.since)
    for _ in range(_LOOKED):
        if len(found) >= most or not reader._previous() or reader._get_realtime() < since:
            break
        with contextlib.suppress(KeyError):
            found[reader._get(name).decode(errors="replace")] = None
    return list(found)


def _micro(seconds: float) -> int:
    return max(0, int(seconds * _SECOND))


def _refusal(reader: Reader, without: Mapping[str, frozenset[bytes]]) -> Callable[[], bool] | None:
    if not without:
        return None

    def refused() -> bool:
        for name, values in without.items():
            with contextlib.suppress(KeyError):
                if reader._get(name) in values:
                    return True
        return False

    return refused


def _plain(lines: list[bytes]) -> bytes:
    """One block in which nothing binary is left. Looking costs a tenth of replacing."""
    block = b"".join(lines)
    return block.translate(_PLAIN) if len(block.translate(None, _BARE)) != len(block) else block


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot's first and last entry, in seconds since 1970."""

    boot_id: str
    first: float
    last: float


def boots(reader: Reader, *, most: int = 200) -> list[Boot]:
    """Those of which the journal still knows, oldest first. OSError."""
    found = []
    reader.flush_matches()
    for number in list(reader.query_unique("_BOOT_ID"))[:most]:
        boot = bytes(number).decode(errors="replace")
        reader.flush_matches()
        reader.add_match(f"_BOOT_ID={boot}")
        reader.seek_head()
        if not reader._next():
            continue
        first = reader._get_realtime() / _SECOND
        reader.seek_tail()
        last = reader._get_realtime() / _SECOND if reader._previous() else first
        found.append(Boot(boot, first, last))
    reader.flush_matches()
    return sorted(found, key=lambda one: one.first)


def expected(reader: Reader, wanted: Wanted, *, sample: int = 0) -> tuple[int, bytes]:
    """About how many bytes of text there are, from counting the entries and reading a few; and the
    newest `sample` of them. The window's rest is guessed where there are very many. HostFailure."""
    telling = Telling(reader, wanted)
    select(reader, wanted)
    try:
        return telling.size(), telling.newest(sample) if sample else b""
    except OSError as error:
        raise HostFailure(f"the journal could not be read: {error.strerror}") from error
