"""The look into a template of Azure that its rules share.

Owns finding resources, expressions and what they name. Refuses to evaluate an expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from packer.marketplace.walking import Spot, rows, table, texts

_NAMED = {
    "parameters": re.compile(r"\bparameters\(\s*'((?:[^']|'')+)'\s*\)"),
    "variables": re.compile(r"\bvariables\(\s*'((?:[^']|'')+)'\s*\)"),
}
_WORD = re.compile(r"'(?:[^']|'')*'")


class Resource(NamedTuple):
    """One resource, nested ones too; `type` in small letters and whole."""

    type: str
    whole: dict[str, Any]
    place: str

    @property
    def properties(self) -> dict[str, Any]:
        return table(self.whole, "properties")


def is_expression(text: object) -> bool:
    return isinstance(text, str) and text[:1] == "[" and text[:2] != "[[" and text[-1:] == "]"


def resources(template: dict[str, Any], *types: str) -> Iterator[Resource]:
    """Those of the types, or all, also inside others and in nested templates."""
    waiting = [
        (each, "", f"resources[{number}]")
        for number, each in enumerate(rows(template.get("resources")))
    ]
    while waiting:
        whole, above, place = waiting.pop(0)
        if not isinstance(whole, dict):
            continue
        kind = str(whole.get("type", "")).lower()
        kind = f"{above}/{kind}" if above and "/" not in kind else kind
        if not types or kind in types:
            yield Resource(kind, whole, place)
        for number, each in enumerate(rows(whole.get("resources"))):
            waiting.append((each, kind, f"{place}.resources[{number}]"))
        inner = table(whole, "properties", "template")
        for number, each in enumerate(rows(inner.get("resources"))):
            waiting.append((each, "", f"{place}.properties.template.resources[{number}]"))


def used(value: Any, kind: str, place: str = "") -> Iterator[tuple[str, str]]:
    """(place, name) of each `parameters('…')` or `variables('…')` below."""
    for spot in texts(value, place):
        if is_expression(spot.value):
            yield from ((spot.place, name) for name in _NAMED[kind].findall(spot.value))


def expressions(value: Any, place: str = "") -> Iterator[Spot]:
    return (spot for spot in texts(value, place) if is_expression(spot.value))


def without_words(expression: str) -> str:
    """The expression with its strings emptied: what is left is functions."""
    return _WORD.sub("''", expression)


def parameters(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, each in table(template, "parameters").items():
        if isinstance(each, dict):
            yield str(name), each


def kind_of(parameter: dict[str, Any]) -> str:
    return str(parameter.get("type", "")).lower()


def secure(template: dict[str, Any]) -> set[str]:
    return {name for name, each in parameters(template) if kind_of(each).startswith("secure")}


def resolved(value: Any, template: dict[str, Any]) -> Any:
    """A value, or what the one parameter's default or variable that it names says."""
    for kind, part in (("parameters", "parameters"), ("variables", "variables")):
        found = re.fullmatch(rf"\[{kind}\('([^']+)'\)\]", str(value))
        if found:
            said = table(template, part).get(found[1])
            return said.get("defaultValue") if kind == "parameters" and said else said
    return value
