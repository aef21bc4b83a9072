"""Known values: each is found in whatever form, by both engines alike, and never shown."""

import base64
import html
import json
import pickle
import quopri
import re
import shlex
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.redact.known.values import Known, KnownValues

PLAIN = "aB3dE5gH7" + "jK9mN1pQ"
ODD = 'Tr0ub4dor&3/"x<Y+ z%\\ö'


def known(*values: str, engine: str = "auto") -> KnownValues:
    return KnownValues(
        [Known(one.encode(), f"secret s{index}") for index, one in enumerate(values)],
        engine=engine,  # type: ignore[arg-type]  # a test's own words
    )


def without(values: KnownValues, text: bytes) -> bytes:
    left, at = [], 0
    for span in values.spans(text):
        left.append(text[at : span.start])
        at = span.end
    return b"|".join([*left, text[at:]])


WRITERS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "percent": lambda one: quote(one, safe="").encode(),
    "percent, small": lambda one: re.sub(
        "%..", lambda hit: hit[0].lower(), quote(one, safe="")
    ).encode(),
    "percent, in part": lambda one: quote(one).encode(),
    "form": lambda one: quote_plus(one).encode(),
    "percent, all": lambda one: b"".join(b"%%%02x" % byte for byte in one.encode()),
    "json": lambda one: json.dumps(one).encode(),
    "json, slashes": lambda one: json.dumps(one).replace("/", "\\/").encode(),
    "json in json": lambda one: json.dumps({"said": json.dumps({"is": one})}).encode(),
    "json, all": lambda one: b"".join(b"\\u%04x" % ord(each) for each in one),
    "html": lambda one: html.escape(one).encode(),
    "entities": lambda one: "".join(f"&#{ord(each)};" for each in one).encode(),
    "entities, hex": lambda one: "".join(f"&#x{ord(each):x};" for each in one).encode(),
    "shell": lambda one: shlex.quote(one).encode(),
    "backslashes": lambda one: re.sub(r"(\W)", r"\\\1", one).encode(),
    "repr of bytes": lambda one: repr(one.encode()).encode(),
    "bytes in C": lambda one: b"".join(b"\\x%02x" % byte for byte in one.encode()),
    "octal": lambda one: b"".join(b"\\%03o" % byte for byte in one.encode()),
    "mail": lambda one: quopri.encodestring(b"l" * 62 + one.encode()),
    "csv": lambda one: f'"{one.replace(chr(34), chr(34) * 2)}"'.encode(),
    "hex": lambda one: one.encode().hex().encode(),
    "hex, large": lambda one: one.encode().hex().upper().encode(),
    "hex, apart": lambda one: one.encode().hex(":").encode(),
    "numbers": lambda one: json.dumps(list(b"said " + one.encode())).encode(),
    "base64": lambda one: base64.b64encode(one.encode()),
    "base64, one on": lambda one: base64.b64encode(b"a" + one.encode() + b"zz"),
    "base64, two on": lambda one: base64.b64encode(b":u" + one.encode() + b"z"),
    "base64, for URLs": lambda one: base64.urlsafe_b64encode(b"\xfb" + one.encode()),
    "base64, in lines": lambda one: base64.encodebytes(b"x" * 47 + one.encode() + b"x" * 60),
    "base64, in JSON": lambda one: json.dumps(
        base64.encodebytes(b"x" * 47 + one.encode() + b"x" * 60).decode()
    ).encode(),
}


@pytest.mark.parametrize("engine", ["hyperscan", "plain"])
@pytest.mark.parametrize("value", [PLAIN, ODD])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_value_is_found_in_every_form(writer: str, value: str, engine: str) -> None:
    written = WRITERS[writer](value)
    left = without(known(value, engine=engine), b"before=" + written + b" after")
    assert b"|" in left
    assert left.startswith(b"before")
    assert left.endswith((b" after", b"x after"))
    assert value[1:-1].encode() not in left


@given(
    value=st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=12, max_size=40),
    before=st.binary(max_size=30),
    writer=st.sampled_from([*WRITERS]),
)
@settings(max_examples=100, deadline=None)
def test_no_value_is_left_in_any_form_and_the_engines_agree(
    value: str, before: bytes, writer: str
) -> None:
    text = before + b" " + WRITERS[writer](value) + b" rest"
    fast, plain = known(value, engine="hyperscan"), known(value, engine="plain")
    assert fast.spans(text) == plain.spans(text)
    left = without(fast, text)
    assert fast.scan().feed(left) is None
    assert value.encode() not in left


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_the_engines_agree_on_anything(text: bytes) -> None:
    values = ["%41bcdefgh", PLAIN, PLAIN[4:], ODD, "x9Y8z7", "aaaaaaaaaaaa"]
    text = text.replace(b"\x00", PLAIN[:13].encode()).replace(b"\x01", b"aaaaaaaaaaaaaaaaa")
    fast, plain = (known(*values, engine=engine) for engine in ("hyperscan", "plain"))
    assert fast.spans(text) == plain.spans(text)


@pytest.mark.parametrize(
    "line",
    [
        b"MAC=52:54:00:12:34:56:52:54:00:65:43:21:08:00 SRC=x\n",
        b"12,34,56,78,91,22,33,44,55,66,77\n",
        b"GET /?q=%41%62%63&x=%20 \\x41\\x42 \\u0041 &#65;&#66; \\101\n",
    ],
)
def test_logs_full_of_numbers_take_linear_time(line: bytes) -> None:
    values = known(PLAIN, ODD, engine="hyperscan")
    text = line * (400_000 // len(line))
    start = time.process_time()
    assert values.spans(text + b"api_key=" + PLAIN.encode().hex(":").encode()) != []
    assert time.process_time() - start < 2


def test_spans_are_sorted_and_apart() -> None:
    values = known("abcd1234EFGH", "EFGH5678ijkl")
    assert [span[:2] for span in values.spans(b"abcd1234EFGH5678ijkl x abcd1234EFGH")] == [
        (0, 20),
        (23, 35),
    ]


def test_most_of_a_long_random_value_gives_it_away() -> None:
    values = known("q7Rv2Lm9Xc4Tz8Wp1Ks6")
    assert without(values, b"token q7Rv2Lm9Xc4Tz8... cut") == b"token |... cut"
    assert without(values, b"see q7Rv2Lm9") == b"see q7Rv2Lm9"


def test_a_short_value_counts_as_a_whole_word_only() -> None:
    values = known("p4s5W")
    assert without(values, b"x p4s5W y p4s5Wz p4s5W") == b"x | y p4s5Wz |"
    assert values.scan().feed(b"p4s5W") is None


def test_a_long_value_counts_in_pieces() -> None:
    long = "".join(chr(97 + number * 7 % 26) + str(number) for number in range(300))
    values = known(long)
    assert without(values, b"a " + long.encode() + b" b") == b"a | b"
    assert b"|" in without(values, long.encode()[:300])


def test_nothing_known_finds_nothing() -> None:
    none = KnownValues.none()
    assert none.spans(b"password=whatever") == []
    assert none.scan().feed(b"password=whatever") is None
    assert len(none) == 0


def test_the_last_gate_sees_over_the_cuts_of_blocks_and_names_where_it_came_from() -> None:
    for form in (PLAIN.encode(), base64.b64encode(b"x" + PLAIN.encode() + b"y")):
        for cut in (1, 5, 11):
            scan = known("something-else-9", PLAIN).scan()
            assert scan.feed(b"some text " + form[:cut]) is None
            assert scan.feed(form[cut:] + b" more") == "secret s1"


def test_another_stream_begins_afresh() -> None:
    scan = known(PLAIN).scan()
    assert scan.feed(PLAIN[:8].encode()) is None
    scan.begin()
    assert scan.feed(PLAIN[8:].encode()) is None


def test_values_are_never_shown_nor_sent() -> None:
    values = known(PLAIN)
    for text in (repr(values), str(values), repr(values.scan()), repr(Known(b"abc", "x"))):
        assert PLAIN not in text
        assert "abc" not in text
    assert repr(values) == "<1 known values>"
    assert values.origins() == ["secret s0"]
    with pytest.raises(TypeError):
        pickle.dumps(values)
    values.wipe()
    assert values.spans(PLAIN.encode()) == []


@pytest.mark.parametrize("at", range(1, 17))
def test_a_value_with_one_run_of_letters_is_found_wherever_its_line_ends(at: int) -> None:
    bird = "DFlłrQßOVT9VvåYèbr"
    known = KnownValues([Known(bird.encode(), "a test")])
    text = f"before {bird[:at]}\n{bird[at:]} after".encode()
    [span] = known.spans(text)
    assert text[: span.start] + text[span.end :] == b"before  after"


def test_a_phrase_is_found_where_its_line_ends_between_two_words() -> None:
    known = KnownValues([Known(b"copper maple canyon", "a test")])
    for text in (
        b"copper\n    maple canyon",
        b"copper maple \r\ncanyon",
        b"copper\n maple\n canyon",
    ):
        assert [text[one.start : one.end] for one in known.spans(b"x " + text + b" y")], text


@pytest.mark.parametrize(
    "bird", ["Jwcn7fobKBPw&a7z38O(9", "Jwcn7fobKBPw%2z38O9x", "Jwcn7fobKBPw&l7z38<9"]
)
def test_letters_that_are_alike_by_chance_after_a_sign_hide_nothing(bird: str) -> None:
    known = KnownValues([Known(bird.encode(), "a test")])
    for written in (html.escape(bird), quote(bird, safe="")):
        text = f"a {written} end".encode()
        assert [text[one.start : one.end] for one in known.spans(text)] == [written.encode()]
