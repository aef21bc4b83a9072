"""TOML: what stands under a secret key goes, in every kind of string."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.redact.formats import toml_files
from tests.unit.redact_formats_stage import cut, redacted, told

CASES = {
    "strings": """
# password = "old"
title = "demo"
[db]
password = "⟦a\\"b # c⟧" # note
secret = '⟦it is⟧'
token_secret = \"\"\"⟦
one "two"
three⟧\"\"\"
api_key = '''⟦x
'y'⟧'''
port = 5432
empty_password = ""
""",
    "numbers": """
[a]
token = 17
password_changed = 1979-05-27T07:32:00Z
use_password = true
""",
    "inline": """
[a]
db = { user = "bob", password = "⟦p1⟧", n = { client_secret = '⟦p2⟧' }, port = 1 }
passwords = [
  "⟦p3⟧", # first
  "⟦p4⟧",
]
env = ["DB_PASSWORD=⟦p5⟧", "TZ=UTC"]
after = "x"
""",
    "dotted": """
a.password = "⟦p1⟧"
"smtp password" = "⟦p2⟧"
[secrets]
db = "⟦p3⟧"
name = "n"
[secrets.deep]
x = "⟦p4⟧"
[other]
x = "p5"
[[users]]
name = "bob"
password = "⟦p6⟧"
""",
    "references": """
[a]
password = "${X}"
password_file = "/etc/x"
secret = "env:SECRET"
""",
}


@pytest.mark.parametrize("case", CASES)
def test_redacts(case: str) -> None:
    before, after = told(CASES[case].lstrip("\n"))
    assert redacted("etc/app.toml", before) == after


def test_a_number_becomes_a_string() -> None:
    assert redacted("a.toml", "secret = 123456789012\n") == 'secret = "###"\n'


SECRET = st.text(min_size=1, max_size=20).map(lambda text: f"Z9{text.replace(' ', '_')}q7Z")
KEYS = st.sampled_from(("password", "dbPassword", "api_key", "client-secret"))
TEXT = st.text(max_size=9)
PLAIN = st.one_of(st.booleans(), st.integers(-99999, 99999), TEXT, st.lists(TEXT, max_size=3))
TABLE = st.tuples(
    st.dictionaries(KEYS, SECRET, max_size=3),
    st.dictionaries(st.sampled_from("abcde"), PLAIN, max_size=4),
)


def written(value: Any) -> str:
    # What JSON escapes TOML does too, but for the delete character.
    return json.dumps(value).replace("\x7f", "\\u007f")


@given(st.dictionaries(st.sampled_from("xyz"), TABLE, min_size=1), st.booleans())
def test_any_table_keeps_its_shape(
    tables: dict[str, tuple[dict[str, str], dict[str, Any]]], inline: bool
) -> None:
    lines: list[str] = []
    planned: dict[str, dict[str, Any]] = {}
    for name, (secrets, benign) in tables.items():
        pairs = [f"{key} = {written(value)}" for key, value in {**secrets, **benign}.items()]
        lines += [f"{name} = {{ {', '.join(pairs)} }}"] if inline else [f"[{name}]", *pairs]
        planned[name] = dict.fromkeys(secrets, "REDACTED-toml") | benign
    try:
        tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return  # a surrogate pair of JSON is none of TOML
    data = "\n".join(lines).encode()
    assert tomllib.loads(cut(data, toml_files.find(data)).decode()) == planned


HOSTILE = {
    "open lists": b"a = " + b"[" * 50_000,
    "open maps": b"a = " + b"{a=" * 30_000,
    "open strings": b'a = "\n' * 20_001,
    "open long strings": b'a = """' * 25_001,
    "quotes": b'"' * 20_001,
    "single quotes": b"a = '''" + b"'" * 20_001,
    "headers": b"[a" * 40_000,
    "parts": b"[" + b"a." * 40_000 + b"]",
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    cut(HOSTILE[case], toml_files.find(HOSTILE[case]))
