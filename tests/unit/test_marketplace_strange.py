"""Documents that nobody meant: whatever is put where, judging ends with complaints."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packer.marketplace.complaint import Kind
from packer.marketplace.hcl_read import read
from packer.marketplace.walking import walk
from tests.unit.marketplace_stage import clean, complaints, module, texts

ODD: st.SearchStrategy[Any] = st.sampled_from(
    (None, True, 0, -1, 1.5, "", "x", "[", "[parameters('x')]", "${x}", [], {}, [[]], [None],
     {"Ref": 1}, {"Fn::Sub": ["x", {}]}, {"Fn::GetAtt": []}, [{"x": 1}], {"": {}})
)  # fmt: skip
KINDS: tuple[Kind, ...] = ("cloudformation", "arm", "azure-ui", "listing")


def spoiled(value: Any, places: list[int], odd: list[Any]) -> Any:
    """The document with odd values put at some of its places."""
    spots = [spot for spot in walk(value) if isinstance(spot.value, dict | list) and spot.value]
    for place, thing in zip(places, odd, strict=False):
        held = spots[place % len(spots)].value
        if held:
            keys = list(held) if isinstance(held, dict) else range(len(held))
            held[keys[place % len(held)]] = copy.deepcopy(thing)  # else it may hold itself
    return value


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=4), st.lists(ODD, min_size=4, max_size=4)
)
def test_judging_always_ends(kind: Kind, places: list[int], odd: list[Any]) -> None:
    document = clean(kind)
    if kind == "listing":
        spoiled(document.words, places, odd)
    else:
        spoiled(document, places, odd)
    for each in complaints(kind, document):
        assert each.words
        assert each.severity in ("error", "warning")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 6000), st.integers(0, 40), st.text('{}[]()"$\\\n#=/*<E%,. a', max_size=8))
def test_a_spoiled_module_is_read_or_refused(at: int, gone: int, put: str) -> None:
    main = texts()["main.tf"]
    at %= len(main)
    broken = main[:at] + put + main[at + gone :]
    try:
        read(broken)
    except ValueError:
        return  # what it says is held below
    for each in complaints("terraform", module({**texts(), "main.tf": broken})):
        assert each.words


HCL = """
/* a
   comment */
locals {
  # "not a string"
  plain  = "a ${var.one} b ${lower("${var.two}")} $${var.no}"
  text   = <<-EOT
    ${var.three} and "quotes" { and braces
    EOT
  list   = [
    "x", // var.no
    local.plain,
  ]
  ternary = var.four == "" ? null : var.four
  call    = merge({ a = 1 }, { "b" : var.five })
}
"""


def test_what_is_named_is_seen_where_it_stands() -> None:
    found = read(HCL).blocks[0].attributes
    assert set(found) == {"plain", "text", "list", "ternary", "call"}
    assert found["plain"].references == {"var.one", "var.two"}
    assert found["text"].references == {"var.three"}
    assert found["list"].references == {"local.plain"}
    assert found["list"].literals == ["x"]
    assert found["ternary"].references == {"var.four"}
    assert found["call"].references == {"var.five"}
    assert found["plain"].literal is None


@pytest.mark.parametrize(
    "text",
    ["x = 1\nx = 2\n", "}", "x {", 'x "a {}', "x = (", "x = ]", 'x = "${"', "= 1", "x = <<E\na\n",
     "x = /* a", "a {\n" * 80],
)  # fmt: skip
def test_what_is_no_terraform_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d+: "):
        read(text)
