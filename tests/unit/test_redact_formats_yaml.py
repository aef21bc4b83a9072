"""YAML: what stands under a secret key goes, in every way a scalar can be written."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support.redact.formats import yaml_files
from tests.unit.redact_formats_stage import claimed, cut, redacted, told

CASES = {
    "a secret of Kubernetes that holds files": """
kind: Secret
stringData:
  config.yaml: |
    port: 80
    password: ⟦Pa55word⟧
data:
  ca.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJzekNDQVZtZ0F3SUJBZ0lVWGFiYw==
  password: ⟦UGE1NXdvcmQ=⟧
""",
    "keys of an encryption": """
active_record_encryption:
  primary_key: ⟦EGY8WhulUOXixybod7ZWwMIL68R9o5kC⟧
  key_derivation_salt: ⟦xEY0dt6TZcAMg52K7O84wYzkjvbA62Hz⟧
snmp_communities:
  - ⟦C0mmun1ty⟧
table:
  primary_key: id
""",
    "users of an authenticator": """
basic_auth:
  users: {bob: ⟦Pa55word⟧, eve: "⟦pw two 2⟧"}
roles:
  users: {bob: admin, eve: editor}
authentication:
  users: {bob: read-write, eve: bob@example.org}
""",
    "a key of a tunnel alone": """
wg0:
  key: "⟦8OrA9uZ+uLzPu0+L6vCrUR8fQq83vEjRWeJCrze8SNE=⟧"
  cache: {key: "page-1"}
""",
    "plain and comments": """
# the password: below
db:
  user: bob
  password: ⟦hunter2⟧ # note
  port: 5432
""",
    "quotes": """
password: '⟦it''s # x⟧' # c
"api_key": "⟦a\\"b: c⟧"
secret: ""
""",
    "plain over lines": """
passphrase: ⟦correct horse
  battery staple⟧
name2: a
  b
""",
    "quoted over lines": """
password: "⟦one
  two⟧"
user: "a
  b"
""",
    "blocks": """
secret: |
  ⟦one1

  two2⟧
note: >-
  some
  text
private_key: |2+
    ⟦k1
  k2⟧
z: 1
""",
    "lists": """
passwords:
- ⟦one1⟧
- '⟦two2⟧' # c
tokens_file: x
secrets:
  - db_password
  - ⟦p4ss⟧
""",
    "pairs": """
env:
  - name: DB_PASSWORD
    value: ⟦v1v⟧
  - value: ⟦w2w⟧
    name: API_KEY
  - name: COLOUR
    value: red
""",
    "assignments in lists": """
environment:
  - DB_PASSWORD=⟦pw1⟧
  - "API_KEY=⟦k 2⟧"
  - TZ=UTC
""",
    "flow": """
a: {password: ⟦abc def⟧, user: x, l: [1, 2], "secret":"⟦q1⟧", n: {client_secret: ⟦zz⟧}}
""",
    "flow over lines": """
a: [
  {name: DB_PASSWORD, value: ⟦v1⟧}, # c
  b
]
password: ⟦x9⟧
""",
    "anchors, aliases, tags": """
a: &x
  password: &p ⟦abc1⟧
b: *p
password: *p
secret: !!str ⟦abc⟧
<<: *x
""",
    "vault": """
some: !vault |
  ⟦$ANSIBLE_VAULT;1.1;AES256
  62313365⟧
next: 1
""",
    "Kubernetes": """
kind: Secret
data:
  a: ⟦QUJD⟧
  b: |
    ⟦REVG⟧
stringData: {c: ⟦ghi⟧}
---
kind: ConfigMap
data:
  a: plain
""",
    "files inside": """
ini: |
  [db]
  password = ⟦in1⟧
  user = me
env: |
  export API_KEY="⟦abc⟧"
""",
    "cloud-init": """
chpasswd:
  list: |
    root:⟦r00t⟧
    bob:⟦b0b⟧
    eve:RANDOM
write_files:
  - path: /etc/app/db_password
    content: ⟦hunter2⟧
  - path: /etc/motd
    content: hello
""",
    "users and hashes": """
users:
  - "bob:⟦$apr1$abcdefgh$1234567890abcdefghijkl⟧"
""",
    "a key by what it stands under": """
signing:
  key: ⟦c2lnbmluZw==⟧
  algorithm: HS256
cache:
  key: user
""",
    "keys of a tunnel": """
tunnels:
  wg0:
    key:
      private: "⟦8OrA9uZ+uLzPu0+L6vCrUR8f=⟧"
    peers:
      - keys: {public: rlbInAj0qV69CysW=, shared: ⟦4GgaQCy68nzNsmE7=⟧}
""",
    "references stay": """
password: ${X}
token: {{ token }}
secretName: s
secret:
  name: n
password_file: /a/b
""",
    "nothing said": """
password:
token: ~
secret: null
api_key: ''
use_password: true
user: x
""",
    "CRLF": "a: b\r\npassword: ⟦pw1⟧\r\nc: d\r\n",
    "flow at the top": "{a: 1, password: ⟦pw1⟧}\n",
}


@pytest.mark.parametrize("case", CASES)
def test_redacts(case: str) -> None:
    before, after = told(CASES[case].lstrip("\n"))
    assert redacted("etc/app.yaml", before) == after


def test_takes_a_file_by_what_is_in_it() -> None:
    assert redacted("etc/app/settings", "---\ndb:\n  password: pw1\n") == (
        "---\ndb:\n  password: ###\n"
    )
    rule, _ = claimed("var/log/app.log", b"2026-01-01 10:00:00 error: password: x\n" * 3)
    assert rule is None


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
SECRET = st.tuples(TEXT, st.sampled_from(("", "\n", " # ", ": ", "'", '"'))).map(
    lambda both: f"Zq9{both[0].replace(' ', '_')}{both[1]}xZ7"
)
KEYS = st.sampled_from(("password", "dbPassword", "api_key", "client-secret", "auth.token"))
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), TEXT, st.floats(0, 9), SECRET)
PARTS = st.one_of(st.tuples(KEYS, SECRET), st.tuples(st.sampled_from("abcdef"), PLAIN))
TREES: st.SearchStrategy[Any] = st.recursive(
    st.lists(PARTS, min_size=1, max_size=4).map(dict),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("ghijk"), inner, max_size=3)
    ),
    max_leaves=10,
)


def expected(tree: Any) -> Any:
    if isinstance(tree, list):
        return [expected(one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        key: "REDACTED-yaml" if isinstance(value, str) and len(key) > 1 else expected(value)
        for key, value in tree.items()
    }


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from("lmn"), TREES, min_size=1, max_size=3),
    st.sampled_from((None, False, True)),
    st.sampled_from((None, "'", '"', "|", ">")),
    st.sampled_from((2, 4)),
    st.sampled_from((20, 100)),
)
def test_any_tree_keeps_its_shape(
    tree: Any, flow: bool | None, style: str | None, indent: int, width: int
) -> None:
    text = yaml.safe_dump(
        tree,
        default_flow_style=flow,
        default_style=style,
        indent=indent,
        width=width,
        allow_unicode=True,
        sort_keys=False,
    )
    data = text.encode()
    found = yaml_files.find(data)
    after = yaml.safe_load(cut(data, found))
    planned = expected(yaml.safe_load(text))
    if isinstance(after, dict) and style in {"|", ">"}:
        after, planned = stripped(after), stripped(planned)
    assert after == planned


def stripped(tree: Any) -> Any:
    """A block scalar keeps the end of its last line, which is no part of a secret."""
    if isinstance(tree, dict):
        return {key: stripped(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [stripped(one) for one in tree]
    return tree.rstrip("\n") if isinstance(tree, str) and "REDACTED" in tree else tree


HOSTILE = {
    "dashes": b"- " * 20_000,
    "deep maps": b"".join(b" " * (n % 900) + b"password:\n" for n in range(5000)),
    "open flow": b"a: [\n" * 20_000,
    "open maps": b"a: {password: [{" * 15_000,
    "open quotes": b'password: "\n' * 25_001,
    "one open quote": b"a: 'x\n" + b'b: "\n' * 25_001,
    "blanks": b"password: a" + b" " * 20_000 + b"b",
    "colons": b"a: " * 30_000,
    "continued": b"password: a\n" + b"  b\n" * 60_000,
    "anchors": b"a: " + b"&a " * 30_000,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_takes_linear_time(case: str) -> None:
    cut(HOSTILE[case], yaml_files.find(HOSTILE[case]))
