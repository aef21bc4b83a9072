"""YAML in flow style through the whole redactor: what is found over a border breaks nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from support.redact.identities import Identities
from support.redact.known.values import KnownValues
from support.redact.redactor import Redactor

KEYS = st.sampled_from(("password", "a", "token", "cmd", "auth", "value"))
SCALARS = st.sampled_from((
    "hunter2", "a b", '"it\'s"', "'x: y'", '"p\\"w"', '"password: x"', '"--password"', '"-p"', "5",
    '"curl -u a:b"', "Bearer abc123XYZ9", "'tok=9a8b7c'", "''", '""', "token=Zz99x", "'a''b'",
    '"https://a:b@c"', "secret", "'key: v1'", '"pw:"', "identified by", "'it''s: password=q'",
))  # fmt: skip
SIGNS = st.sampled_from((",", ", ", ",\n    "))


def _list(parts: list[str], sign: str) -> str:
    return "[" + sign.join(parts) + "]"


def _map(parts: list[tuple[str, str]], sign: str) -> str:
    return "{" + (sign if sign != "," else ", ").join(f"{key}: {each}" for key, each in parts) + "}"


NODES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.builds(_list, st.lists(inner, max_size=3), SIGNS),
        st.builds(_map, st.lists(st.tuples(KEYS, inner), max_size=3), SIGNS),
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def redactor(tmp_path_factory: pytest.TempPathFactory) -> Redactor:
    store: Path = tmp_path_factory.mktemp("flow")
    return Redactor(KnownValues.none(), Identities(b"a key of thirty-two bytes or more", store))


def _shape(node: Any) -> object:
    if isinstance(node, dict):
        return {key: _shape(value) for key, value in node.items()}
    return [_shape(value) for value in node] if isinstance(node, list) else None


@settings(max_examples=150, deadline=None)
@given(nodes=st.lists(NODES, min_size=1, max_size=3))
def test_a_flow_keeps_its_shape(redactor: Redactor, nodes: list[str]) -> None:
    text = "".join(f"cfg{place}: {node}\n" for place, node in enumerate(nodes))
    after = b"".join(redactor.file("a.yaml", [text.encode()], Counter())).decode()
    assert _shape(yaml.safe_load(after)) == _shape(yaml.safe_load(text))


def test_a_comment_within_a_flow_is_redacted(redactor: Redactor) -> None:
    text = b"a: {b: 1, # password='hunter22', c: 2\n  d: 3}\n"
    assert b"hunter22" not in b"".join(redactor.file("a.yaml", [text], Counter()))
