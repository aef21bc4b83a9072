"""JSON: what stands under a secret key goes, and it parses to the same shape."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.redact.formats import json_files
from tests.unit.redact_formats_stage import claimed, cut, redacted

CASES = {
    "a password that Terraform made": (
        '{"type":"random_password","instances":[{"attributes":{"length":9,"result":"Zx9!kq2Lm"}}]}',
        '{"type":"random_password","instances":[{"attributes":{"length":9,"result":"###"}}]}',
    ),
    "a helper for credentials, and how a password is hashed": (
        (
            '{"credHelpers":{"gcr.example.org":"gcr-login"},"credentials":[{"secretData":"q83vEjRW",'
            r'"credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}]}'
        ),
        (
            '{"credHelpers":{"gcr.example.org":"gcr-login"},"credentials":[{"secretData":"###",'
            r'"credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}]}'
        ),
    ),
    "nested": (
        '{"db": {"user": "bob", "password": "hunter22", "port": 5432}}',
        '{"db": {"user": "bob", "password": "###", "port": 5432}}',
    ),
    "numbers and booleans": (
        '{"secret": 123456789012, "pin": 4711, "token": 17, "password": true, "x": 1.5e3}',
        '{"secret": "###", "pin": "###", "token": 17, "password": true, "x": 1.5e3}',
    ),
    "escapes": (
        r'{"pass\u0077ord": "a\"b\\", "note": "a\"b\\"}',
        r'{"pass\u0077ord": "###", "note": "a\"b\\"}',
    ),
    "JSON in a string": (
        r'{"m": "{\"password\":\"in\\\"ner\",\"secret\":123456789012,\"n\":1}"}',
        r'{"m": "{\"password\":\"###\",\"secret\":\"###\",\"n\":1}"}',
    ),
    "list and map below": (
        '{"passwords": ["ab1", "cd2"], "secrets": {"db": "p1", "name": "n", "port": 80}}',
        '{"passwords": ["###", "###"], "secrets": {"db": "###", "name": "n", "port": 80}}',
    ),
    "names of secrets are no secrets": (
        '{"secrets": ["db_password", "api_key"], "secretName": "tls-main"}',
        '{"secrets": ["db_password", "api_key"], "secretName": "tls-main"}',
    ),
    "nothing said": (
        '{"password": "", "token": null, "secret": "${SECRET}", "api_key": "{{ key }}"}',
        '{"password": "", "token": null, "secret": "${SECRET}", "api_key": "{{ key }}"}',
    ),
    "comments and duplicates": (
        '{ // password: see below\n "password": "one1", /* x */ "password": "two2",\n}',
        '{ // password: see below\n "password": "###", /* x */ "password": "###",\n}',
    ),
    "name and value": (
        '[{"name": "DB_PASSWORD", "value": "v1v"}, {"value": "late", "name": "API_KEY"}]',
        '[{"name": "DB_PASSWORD", "value": "###"}, {"value": "###", "name": "API_KEY"}]',
    ),
    "name and a benign value": (
        '[{"name": "COLOUR", "value": "red"}]',
        '[{"name": "COLOUR", "value": "red"}]',
    ),
    "environment and arguments": (
        '{"Env": ["DB_PASSWORD=pw1", "LANG=C"], "Cmd": ["run", "--password", "pw2", "-v"]}',
        '{"Env": ["DB_PASSWORD=###", "LANG=C"], "Cmd": ["run", "--password", "###", "-v"]}',
    ),
    "Kubernetes": (
        '{"data": {"a": "QUJD", "b.crt": "REVG"}, "kind": "Secret", "metadata": {"name": "n"}}',
        '{"data": {"a": "###", "b.crt": "###"}, "kind": "Secret", "metadata": {"name": "n"}}',
    ),
    "state of a plan": (
        '{"outputs": {"url2": {"value": "s3cr3t", "type": "string", "sensitive": true}}}',
        '{"outputs": {"url2": {"value": "###", "type": "string", "sensitive": true}}}',
    ),
    "scheme": (
        '{"headers": {"Authorization": "Bearer abc123def456ghi", "Accept": "text/html"}}',
        '{"headers": {"Authorization": "Bearer ###", "Accept": "text/html"}}',
    ),
    "lines": (
        '{"a": 1, "password": "pw1"}\n{"a": 2, "token_count": 17}\n',
        '{"a": 1, "password": "###"}\n{"a": 2, "token_count": 17}\n',
    ),
    "cut off": ('{"a": 1, "password": "abc', '{"a": 1, "password": "###'),
    "byte order mark and CRLF": (
        '\ufeff{\r\n  "password": "pw1"\r\n}\r\n',
        '\ufeff{\r\n  "password": "###"\r\n}\r\n',
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_redacts(case: str) -> None:
    before, after = CASES[case]
    assert redacted("etc/app/any.json", before) == after


def test_a_section_of_an_ini_file_is_no_json() -> None:
    rule, _ = claimed("app.conf", b"[main]\npassword = x\n")
    assert rule is None or rule.code != "json"


SECRET = st.text(min_size=1, max_size=30).map(lambda text: f"Z9{text.replace(' ', '_')}q7Z")
KEYS = st.sampled_from(("password", "dbPassword", "api_key", "client-secret", "auth.token"))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=9), st.floats(0, 9))
PARTS = st.one_of(st.tuples(KEYS, SECRET), st.tuples(st.sampled_from("abcde"), PLAIN))
TREES: st.SearchStrategy[Any] = st.recursive(
    st.lists(PARTS, max_size=4).map(dict),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("fghij"), inner, max_size=3)
    ),
    max_leaves=12,
)


def expected(tree: Any) -> Any:
    if isinstance(tree, list):
        return [expected(one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: "REDACTED-json" if isinstance(value, str) and len(key) > 1 else expected(value)
        for key, value in tree.items()
    }


@given(TREES, st.sampled_from((None, 2)), st.booleans(), st.sampled_from((2, 1)))
def test_any_tree_keeps_its_shape(tree: Any, indent: int | None, plain: bool, deep: int) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=plain)
    for _ in range(deep - 1):
        text = json.dumps({"inner": text})
    data = text.encode("utf-8", "surrogatepass")
    try:
        after = json.loads(cut(data, json_files.find(data)))
    except ValueError:
        assert not json_files.claims("x", data)
        return
    for _ in range(deep - 1):
        after = json.loads(after["inner"])
    assert after == expected(tree)


HOSTILE = {
    "deep lists": b'["' * 25_000,
    "deep maps": b'{"password":' * 25_000,
    "long number": b'{"password":' + b"1" * 20_000,
    "long string": b'{"password":"' + b"a" * 20_000,
    "backslashes": b'{"password":"' + b"\\" * 20_001,
    "comments": b'{"password":/*' * 25_000,
    "empty comments": b"/**/" * 20_000,
    "strings in strings": b'{"a":"' + b'{\\"password\\":\\"' * 50_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    data = HOSTILE[case]
    if json_files.claims("x.json", data[:4096]):
        cut(data, json_files.find(data))


def test_a_message_of_numbers_stays_a_list_of_numbers() -> None:
    said = "conn \x01 postgres://bob:hunter2222@db.example.org/app ok"
    data = json.dumps({"MESSAGE": list(said.encode()), "PRIORITY": "6"}).encode()
    after = json.loads(cut(data, json_files.find(data)))
    text = bytes(after["MESSAGE"]).decode()
    assert text.startswith("conn \x01 postgres://bob:REDACTED-")
    assert text.endswith("@db.example.org/app ok")
    assert after["PRIORITY"] == "6"
