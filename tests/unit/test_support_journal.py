"""The journal's text from entries of a made-up reader, and from journalctl's JSON."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.host import journal_read
from agent.host.failures import HostFailure
from agent.host.journal_read import Reader, Telling, Wanted
from agent.layout import Layout
from support.collectors import journal, journalctl
from support.scene import Scene
from tests.scripted_host import NOW, scripted_host
from tests.unit.services_fixtures import manifest_of

Entry = dict[str, bytes]
AT = "__AT"


class MadeUp:
    """A reader over entries in memory; matches are noted and not heeded."""

    def __init__(self, entries: list[Entry], *, breaks_at: int = -1) -> None:
        self.entries, self.place, self.breaks_at = entries, -1, breaks_at
        self.matches: list[str] = []

    def _next(self, skip: int = 1) -> bool:
        if 0 <= self.breaks_at <= self.place + skip:
            raise OSError(74, "Bad message")
        self.place += skip
        return self.place < len(self.entries)

    def _previous(self, skip: int = 1) -> bool:
        if self.place <= 0:
            return False
        self.place = max(0, self.place - skip)
        return True

    def _get(self, field: str) -> bytes:
        return self.entries[self.place][field]

    def _get_realtime(self) -> int:
        return int(self.entries[self.place][AT])

    def seek_realtime(self, microseconds: int) -> None:
        times = [int(entry[AT]) for entry in self.entries]
        self.place = sum(at < microseconds for at in times) - 1
        if times and microseconds > times[-1]:
            self.place = len(times)

    def seek_head(self) -> None:
        self.place = -1

    def seek_tail(self) -> None:
        self.place = len(self.entries)

    def add_match(self, match: str) -> None:
        self.matches.append(match)

    def add_disjunction(self) -> None:
        self.matches.append("+")

    def flush_matches(self) -> None:
        self.matches.clear()

    def query_unique(self, field: str) -> set[bytes]:
        return {entry[field] for entry in self.entries if field in entry}

    def close(self) -> None:
        pass


def entry(second: float, message: bytes, **fields: bytes) -> Entry:
    at = str(int(second * 1e6)).encode()
    common = {"_HOSTNAME": b"vm", "SYSLOG_IDENTIFIER": b"web", "_PID": b"7"}
    return {AT: at, "MESSAGE": message, **common, **fields}


def text(reader: Reader, cap: int = 1 << 20, **wanted: float) -> bytes:
    return b"".join(Telling(reader, Wanted(**wanted)).blocks(cap))  # type: ignore[arg-type] # since and until only


def test_a_line_an_entry_as_syslog_has_it() -> None:
    kernel = entry(3.5, b"oops", SYSLOG_IDENTIFIER=b"kernel")
    del kernel["_PID"]
    nameless = entry(4, b"x", _COMM=b"cat")
    del nameless["SYSLOG_IDENTIFIER"]
    silent = entry(5, b"")
    del silent["MESSAGE"]
    found = text(MadeUp([entry(1.25, b"one"), kernel, nameless, silent]))
    assert found.decode().splitlines() == [
        "1970-01-01T00:00:01.250000+0000 vm web[7]: one",
        "1970-01-01T00:00:03.500000+0000 vm kernel: oops",
        "1970-01-01T00:00:04.000000+0000 vm cat[7]: x",
        "1970-01-01T00:00:05.000000+0000 vm web[7]: ",
    ]


def test_many_lines_are_indented_and_nothing_binary_is_left() -> None:
    found = text(MadeUp([entry(1, b"a\nb\n\n"), entry(2, b"\0\x1b[31m\tr\xc3\xa9d\xff")]))
    assert found.splitlines()[1] == b"    b"
    assert found.splitlines()[2].endswith(b": ??[31m\tr\xc3\xa9d\xff")


def test_a_clock_that_went_back_shows_as_it_was() -> None:
    found = text(MadeUp([entry(100, b"a"), entry(40.5, b"b"), entry(101, b"c")]))
    assert [line[11:26] for line in found.decode().splitlines()] == [
        "00:01:40.000000", "00:00:40.500000", "00:01:41.000000",
    ]  # fmt: skip


def test_the_window_is_kept() -> None:
    found = text(MadeUp([entry(at, b"m%d" % at) for at in range(1, 10)]), since=3, until=5)
    assert [line.rpartition(b"m")[2] for line in found.splitlines()] == [b"3", b"4", b"5"]


def test_a_cap_keeps_the_newest() -> None:
    telling = Telling(MadeUp([entry(at, b"m%04d" % at) for at in range(1, 2000)]), Wanted())
    found = b"".join(telling.blocks(10_000))
    assert found.endswith(b"m1999\n")
    assert 5_000 < len(found) < 10_000
    assert telling.left_out > 60_000


def test_the_latest_values_of_a_field_stand_once_and_within_the_window() -> None:
    units = [(1, b"old"), (3, b"a"), (4, b"b"), (5, b"a"), (6, b""), (9, b"later")]
    entries = [entry(at, b"Failed", **({"UNIT": unit} if unit else {})) for at, unit in units]
    reader = MadeUp(entries)
    wanted = Wanted((("MESSAGE_ID=x",),), since=2, until=8)
    assert journal_read.latest(reader, wanted, "UNIT", most=9) == ["a", "b"]
    assert reader.matches == ["MESSAGE_ID=x", "+"]
    assert journal_read.latest(reader, wanted, "UNIT", most=1) == ["a"]


def test_a_damaged_journal_is_told() -> None:
    with pytest.raises(HostFailure, match="could not be read to its end: Bad message"):
        text(MadeUp([entry(at, b"m") for at in range(1, 9)], breaks_at=5))


def test_entries_that_stand_elsewhere_are_passed_over() -> None:
    entries = [entry(1, b"mine", UNIT=b"a.service"), entry(2, b"rest", UNIT=b"b.service")]
    wanted = Wanted(without={"_TRANSPORT": frozenset(), "UNIT": frozenset([b"a.service"])})
    found = b"".join(Telling(MadeUp(entries), wanted).blocks(1 << 20))
    assert found.count(b"\n") == 1
    assert b"rest" in found


def test_groups_are_told_to_the_library_as_alternatives() -> None:
    reader = MadeUp([])
    journal_read.select(reader, Wanted((("A=1", "B=2"), ("C=3",))))
    assert reader.matches == ["A=1", "B=2", "+", "C=3", "+"]


def test_how_much_there_is_is_counted_and_a_sample_is_the_newest() -> None:
    entries = [entry(at, b"message %05d" % at) for at in range(1, 5001)]
    size, sample = journal_read.expected(MadeUp(entries), Wanted(), sample=100)
    real = len(text(MadeUp(entries), cap=1 << 30))
    assert 0.8 * real < size < 1.2 * real
    assert sample.endswith(b"message 05000\n")
    assert 90 <= sample.count(b"\n") <= 100


SERVICES = """
[services.web]
command = ["{release}/web"]
[services.store]
unit = "postgresql.service"
[collect.more]
units = ["extra.service"]
[collect.secretive]
units = ["quiet.service"]
consent = true
"""


def test_a_unit_means_its_instances_and_what_stands_elsewhere_is_known(root: Path) -> None:
    names: Iterable[bytes] = (b"postgresql@15-main.service", b"caretaker.service", b"x.service")
    reader = MadeUp([entry(1, b"", _SYSTEMD_UNIT=name) for name in names])
    scene = Scene(scripted_host(root), Layout(root, "shop"), manifest_of(SERVICES), 0, NOW)
    assert journal.taken(scene, reader) == [
        "shop-web.service",
        "postgresql.service",
        "postgresql@15-main.service",
        "extra.service",
        "caretaker.service",
    ]


def test_below_a_root_of_its_own_there_is_no_journal(root: Path) -> None:
    scene = Scene(scripted_host(root), Layout(root, "shop"), None, 0, NOW)
    for each in (journal.OURS, journal.KERNEL, journal.REST):
        assert list(each.sources(scene)) == []
        assert each.guess(scene) == 0
    rescued = Scene(scripted_host(root), Layout(root, "shop"), None, 0, NOW, rescue=True)
    assert list(journal.KERNEL.sources(rescued)) == []


def test_journalctls_json_becomes_the_same_text() -> None:
    given = (
        b'{"__REALTIME_TIMESTAMP":"1250000","_HOSTNAME":"vm","SYSLOG_IDENTIFIER":"web",'
        b'"_PID":"7","MESSAGE":"one\\ntwo"}\n'
        b'{"__REALTIME_TIMESTAMP":"2000000","MESSAGE":[104,105,0,255],"_COMM":"cat"}\n'
        b'{"__REALTIME_TIMESTAMP":"3000000","MESSAGE":null,"UNIT":"a.service"}\n'
        b'{"__REALTIME_TIMESTAMP":"4000000","MESSAGE":["a","b"],"SYSLOG_IDENTIFIER":"k"}\n'
    )
    wanted = Wanted(without={"UNIT": frozenset([b"a.service"])})
    pieces = (given[at : at + 11] for at in range(0, len(given), 11))
    assert b"".join(journalctl._told_once(pieces, wanted)) == (
        b"1970-01-01T00:00:01.250000+0000 vm web[7]: one\n    two\n"
        b"1970-01-01T00:00:02.000000+0000 - cat: hi?\xff\n"
        b"1970-01-01T00:00:04.000000+0000 - k: a b\n"
    )
