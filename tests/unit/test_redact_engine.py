"""The engine: cut anew, found by two engines alike, merged, and closed where a rule breaks."""

import re
import string
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import CaretakerError
from support.redact import hyper_store
from support.redact import redactor as redactor_module
from support.redact.blocks import AROUND, SIZE, recut
from support.redact.engine import Choice, Trigger, has_hyperscan, open_engine
from support.redact.engine_merge import FORMAT, IDENTITY, KNOWN, LINE, Found, merged
from support.redact.identities import Identities
from support.redact.identities.rule import IdentityRule
from support.redact.known.values import Known, KnownValues
from support.redact.plain_literals import literals
from support.redact.redactor import Redactor
from support.redact.rule import FormatRule, LineRule, PassageRule
from support.redact.secrets import LINE_RULES, PASSAGE_RULES
from support.redact.span import Span

AnyRule = PassageRule | LineRule | IdentityRule
ENGINES: tuple[Choice, ...] = ("hyperscan", "plain")
KEY = b"k" * 32
TOKEN = b"ghp_" + b"A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"

PIECES = (
    b"password=hunter2-Correct9",
    b"user=mkrause host=web-01.corp.acme",
    b"10.0.187.218 - - [21/Nov/2026:10:00:00 +0000] GET /",
    b"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXg",
    b"postgresql://shop:Pa55-w0rd-x@db1.shop.lan:5432/shop",
    b"Nov 21 10:11:12 saturn sshd[9]: Accepted publickey for alice9 from 2001:db8::7 port 22",
    b"-----BEGIN RSA PRIVATE " + b"KEY-----",
    b"MIIEowIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0/I",
    b"-----END RSA PRIVATE " + b"KEY-----",
    b"52:54:00:ab:cd:ef version 1.2.3.4 std::byte 12:34:56",
    b"mysql -u root -pS3cret-Value1 app",
    b'{"api_key": "Zx81kq0PLm44vv", "count": 17}',
    b"mail bob.jones@corp.acme.com about it",
    b"token:", b"  - abc", b"", b"\xff\xfe caf\xc3\xa9", TOKEN, b"\r", b"=", b"'", b'"',
)  # fmt: skip

lines = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.lists(st.sampled_from(PIECES), min_size=2, max_size=3).map(b" ".join),
        st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b" ")),
        st.text(string.printable, max_size=40).map(str.encode),
    ),
    max_size=25,
)
texts = st.builds(lambda rows, end: end.join(rows), lines, st.sampled_from([b"\n", b"\r\n"]))


class Everything:
    """Hits every rule in every line: what comes of it is what unfiltered rules find."""

    name = "everything"

    def __init__(self, inner: object, triggers: Sequence[Trigger], owners: int) -> None:
        self.inner = inner
        self.starts = {trigger.owner for trigger in triggers if trigger.starts}
        self.owners = owners

    def scan(self, block: bytes) -> list[list[int]]:
        rows = [0, *(match.end() for match in re.finditer(b"\n", block))]
        found = self.inner.scan(block)  # type: ignore[attr-defined]  # any engine
        return [
            found[owner] if owner in self.starts else list(rows) for owner in range(self.owners)
        ]


def redactor(engine: Choice = "auto", known: Iterable[bytes] = ()) -> Redactor:
    values = KnownValues([Known(value, "a test's") for value in known])
    return Redactor(values, Identities(KEY), engine=engine)


REDACTORS = {engine: redactor(engine) for engine in ENGINES}


def redact(
    text: bytes, by: Redactor | None = None, name: str = "app.log", cut: int = 1 << 16
) -> bytes:
    blocks = [text[at : at + cut] for at in range(0, len(text), cut)]
    return b"".join((by or REDACTORS["hyperscan"]).file(name, blocks, Counter()))


@given(texts, st.integers(1, 200))
@settings(max_examples=40)
def test_both_engines_write_the_same_however_it_is_cut(text: bytes, cut: int) -> None:
    whole = redact(text, REDACTORS["hyperscan"])
    assert redact(text, REDACTORS["plain"]) == whole
    assert redact(text, REDACTORS["hyperscan"], cut=cut) == whole


@given(texts)
@settings(max_examples=40)
def test_what_no_trigger_hits_no_rule_finds(text: bytes) -> None:
    by = redactor("plain")
    rules = by._rules
    looks: list[AnyRule] = [*rules.passages, *rules.lines, *rules.identities]
    triggers = redactor_module._triggers(looks)
    everything = Everything(rules.engine, triggers, len(looks))
    expected = redact(text, by)
    object.__setattr__(rules, "engine", everything)
    assert redact(text, by) == expected


@given(texts)
@settings(max_examples=40)
def test_what_was_redacted_stays_as_it_is_but_for_addresses(text: bytes) -> None:
    # A pseudonym of an address is an address, and nothing can tell it from a real one.
    # What follows a key that is cut off is told from it by its look, which the first pass changed.
    text = re.sub(rb"[0-9a-f.:]{7,}|-----BEGIN|eyJ", b"-", text)
    once = redact(text)
    assert redact(once) == once


def test_every_trigger_is_taken_by_both_engines() -> None:
    rules: list[AnyRule] = [*LINE_RULES, *PASSAGE_RULES, *Identities(KEY).rules]
    for rule in rules:
        triggers = [Trigger(pattern, 0) for pattern in rule.triggers]
        assert triggers, rule.code
        for engine in ENGINES:
            assert open_engine(triggers, 1, engine).scan(b"nothing\n") is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_secret_across_the_border_of_two_blocks_goes(engine: Choice) -> None:
    filler = b"x" * 99 + b"\n"
    text = filler * (SIZE // 100) + b"a line with " + TOKEN + b" in it\n" + filler * 3000
    assert TOKEN not in redact(text, REDACTORS[engine], cut=65536)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_of_ten_megabytes_is_redacted_in_little_memory(engine: Choice) -> None:
    junk = b"lorem ipsum " * 87381
    for place in (SIZE, SIZE - 17, 3 * SIZE - 5):
        text = bytearray(junk * 4)
        text[place:place] = b" " + TOKEN + b" "
        windows = list(recut([bytes(text)]))
        most = max(len(each.core) + len(each.left) + len(each.right) for each in windows)
        assert most <= SIZE + 2 * AROUND
        out = redact(bytes(text), REDACTORS[engine])
        assert TOKEN[4:20] not in out
        assert out.count(b"REDACTED-") == 1
        assert len(out) == len(text) - len(TOKEN) + len(b"REDACTED-github-token")


def test_a_known_value_over_two_lines_and_two_blocks_goes() -> None:
    value = b"first-half-9x8y7z\nsecond-half-1a2b3c"
    by = redactor(known=[value])
    filler = b"y" * 127 + b"\n"
    text = filler * (SIZE // 128 - 1) + b"z" * 100 + b" " + value + b" end\n" + filler * 9000
    out = redact(text, by)
    assert b"first-half-9x8y7z" not in out
    assert b"second-half-1a2b3c" not in out
    assert out.endswith(b" end\n" + filler * 9000)


def test_bytes_that_are_no_text_pass_through() -> None:
    text = b"\xff\x00\x80 a\r\nb\r\n\x00\x00\n\nlast without end \xc3"
    for by in REDACTORS.values():
        assert redact(text, by, cut=3) == text


@given(texts)
def test_no_byte_is_lost_where_nothing_is_found(text: bytes) -> None:
    counts: Counter[str] = Counter()
    out = b"".join(REDACTORS["hyperscan"].file("x.log", [text], counts))
    assert out == text or sum(counts.values()) > 0


@given(st.lists(st.binary(max_size=50), max_size=40), st.integers(8, 64))
def test_windows_are_the_stream_and_depend_on_it_alone(blocks: list[bytes], size: int) -> None:
    stream = b"".join(blocks)
    windows = list(recut(blocks, size, 16))
    assert b"".join(window.core for window in windows) == stream
    assert windows == list(recut([stream], size, 16))
    place = 0
    for window in windows:
        assert window.left == stream[max(0, place - 16) : place]
        place += len(window.core)
        assert window.right == stream[place : place + 16]
        if window.whole:
            assert place == len(stream) or window.core.endswith(b"\n")


spans = st.lists(
    st.builds(
        lambda start, length, rank, rule: Found(start, start + length, rank, rule, rule.encode()),
        st.integers(0, 40), st.integers(1, 12), st.integers(FORMAT, IDENTITY),
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=12,
)  # fmt: skip


@given(spans, st.randoms(use_true_random=False))
def test_merged_spans_do_not_overlap_and_do_not_depend_on_order(
    found: list[Found], shuffle: object
) -> None:
    result = merged(found)
    mixed = list(found)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]  # a Random
    assert merged(mixed) == result
    assert merged(result) == result
    assert all(end <= start for (_, end, *_), (start, *_) in pairwise(result))


@given(spans)
def test_secrets_are_covered_whole_and_formats_keep_their_borders(found: list[Found]) -> None:
    result = merged(found)
    covered = {place for start, end, *_ in result for place in range(start, end)}
    formats = merged(each for each in found if each.rank == FORMAT)
    for one in formats:
        assert one in result
    for one in found:
        touches = any(start < one.end and one.start < end for start, end, *_ in formats)
        if one.rank < IDENTITY and not touches:
            assert set(range(one.start, one.end)) <= covered


def test_the_first_in_the_order_gives_its_mark_to_both() -> None:
    line, known = Found(0, 10, LINE, "line", b"L"), Found(5, 15, KNOWN, "known", b"K")
    name = Found(12, 20, IDENTITY, "host", b"h")
    assert merged([name, line, known]) == [Found(0, 15, KNOWN, "known", b"K")]


def boom(*_: object) -> list[Span]:
    raise RuntimeError("the content: hunter2")


def never(_: bytes) -> Callable[[bytes], Iterable[Span] | None] | None:
    return boom()  # type: ignore[return-value]  # it raises


BROKEN = (
    ("LINE_RULES", LineRule("broken-line", "", (b"trip",), boom)),
    ("PASSAGE_RULES", PassageRule("broken-passage", "", (b"trip",), never)),
    ("FORMATS", FormatRule("broken-format", "", lambda name, head: True, boom)),
)


@pytest.mark.parametrize(("where", "rule"), BROKEN, ids=lambda each: getattr(each, "code", ""))
def test_a_rule_that_breaks_ends_the_file_and_names_itself_alone(
    where: str, rule: LineRule | PassageRule | FormatRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redactor_module, where, (rule,))
    with pytest.raises(CaretakerError) as raised:
        redact(b"trip over hunter2\n", redactor(), "etc/app.conf")
    assert raised.value.code == "redaction-failed"
    assert rule.code in raised.value.message
    assert "etc/app.conf" in raised.value.message
    assert "hunter2" not in f"{raised.value.message} {raised.value.hint}"
    assert raised.value.__cause__ is None


def test_a_format_that_finds_it_is_another_leaves_it_to_the_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def other(content: bytes) -> list[Span]:
        raise ValueError("not mine")

    formats = (FormatRule("other", "", lambda name, head: True, other),)
    monkeypatch.setattr(redactor_module, "FORMATS", formats)
    assert TOKEN not in redact(b"x " + TOKEN + b"\n", redactor())


def test_counts_say_how_often_and_no_value() -> None:
    counts: Counter[str] = Counter()
    text = TOKEN + b"\n10.1.2.3 10.1.2.4\n"
    b"".join(REDACTORS["plain"].file("a", [text], counts))
    assert counts == {"github-token": 1, "ipv4": 2}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (rb"ghp_[a-z]{3}", {b"ghp_"}),
        (rb"(?:pass|secret)word", {b"password", b"secretword"}),
        (rb"(?:pass|se.ret)\s", {b"pass", b"ret"}),
        (rb"a?bc+", {b"ab", b"b"}),
        (rb"[0-9]+", set()),
        (rb"x*", set()),
        (rb"(?:\.com|[0-9])", set()),
    ],
)
def test_literals_are_held_by_every_match(pattern: bytes, expected: set[bytes]) -> None:
    found = literals(pattern)
    assert bool(found) == bool(expected)
    for text in (b"ghp_abc", b"password", b"secretword", b"pass ", b"seXret ", b"abc", b"bc"):
        if re.search(pattern, text) and found:
            assert any(each in text for each in found)


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing compiled is in memory, and nothing stays there."""

    class Nothing(dict[str, object]):
        def get(self, *_: object) -> None:
            return None

    monkeypatch.setattr(hyper_store, "_here", Nothing())


@pytest.mark.usefixtures("forgotten")
def test_what_was_compiled_is_kept_closed_and_read_again(tmp_path: Path) -> None:
    triggers = [Trigger(b"abc", 0), Trigger(b"d[0-9]+", 1, starts=True)]
    tmp_path.chmod(0o700)
    first = open_engine(triggers, 2, "hyperscan", tmp_path)
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == 2
    assert {each.stat().st_mode & 0o777 for each in kept} == {0o600}
    before = [each.stat().st_mtime_ns for each in kept]
    again = open_engine(triggers, 2, "hyperscan", tmp_path)
    assert first.scan(b"xx ABC d12\n") == again.scan(b"xx ABC d12\n")
    assert [each.stat().st_mtime_ns for each in kept] == before


@pytest.mark.usefixtures("forgotten")
def test_a_kept_database_that_others_could_write_is_not_used(tmp_path: Path) -> None:
    triggers = [Trigger(b"abc", 0)]
    open_engine(triggers, 1, "hyperscan", tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.chmod(0o622)
    kept.write_bytes(b"\0" * 100)
    assert open_engine(triggers, 1, "hyperscan", tmp_path).scan(b"abc\n") == [[2]]
    kept.chmod(0o600)
    kept.write_bytes(b"damaged")
    assert open_engine(triggers, 1, "hyperscan", tmp_path).scan(b"abc\n") == [[2]]


@pytest.mark.parametrize("refuses", [True, False])
def test_a_wheel_that_does_not_work_is_as_good_as_none(
    monkeypatch: pytest.MonkeyPatch, *, refuses: bool
) -> None:
    """The processor lacks what it wants; or it can not be imported."""

    class Refuses:
        def compile(self, **_: object) -> None:
            raise ValueError("an architecture that it does not know")

    fake = types.ModuleType("hyperscan")
    fake.Database, fake.HyperscanError = Refuses, ValueError  # type: ignore[attr-defined]  # a fake
    monkeypatch.setitem(sys.modules, "hyperscan", fake if refuses else None)
    has_hyperscan.cache_clear()
    try:
        assert not has_hyperscan()
        assert open_engine([], 0).name == "plain"
    finally:
        has_hyperscan.cache_clear()
