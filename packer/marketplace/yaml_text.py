"""Maps, lists and scalars as YAML for people: in order, indented, with comments.

Owns the writing. Refuses anchors and tags, which CloudFormation's reader refuses too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from packer.marketplace.quoting import yaml_string

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./-]|:(?=:)|(?<=:):(?=[A-Za-z]))*")
# What YAML 1.1 readers take for true, false, nothing, or a number that is none.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"))
_BLOCK = re.compile(r"(?:[!-~][ -~]*\n)(?:[ -~]*\n)*")
Notes = Mapping[tuple[str, ...], str]


def render(value: Any, *, head: str = "", notes: Notes | None = None) -> str:
    """The document. `notes` are comments by the path of the key they stand above."""
    lines = [f"# {line}".rstrip() for line in head.splitlines()]
    lines += _map(value, (), notes or {}, 0)
    return "\n".join(lines) + "\n"


def _map(
    value: Mapping[str, Any], path: tuple[str, ...], notes: Notes, depth: int
) -> Iterator[str]:
    pad = "  " * depth
    for key, inner in value.items():
        here = (*path, key)
        yield from (f"{pad}# {line}".rstrip() for line in notes.get(here, "").splitlines())
        first, *rest = _entry(inner, here, notes, depth)
        yield f"{pad}{_scalar(key)}:{first}"
        yield from rest


def _list(value: list[Any], path: tuple[str, ...], notes: Notes, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for number, inner in enumerate(value):
        here = (*path, str(number))
        if isinstance(inner, Mapping) and inner:
            first, *rest = _map(inner, here, notes, depth + 1)
            yield f"{pad}- {first.lstrip()}"
            yield from rest
        else:
            first, *rest = _entry(inner, here, notes, depth)
            yield f"{pad}-{first}"
            yield from rest


def _entry(value: Any, path: tuple[str, ...], notes: Notes, depth: int) -> Iterator[str]:
    """What stands behind the colon or dash, and the lines below it."""
    if isinstance(value, Mapping) and value:
        yield ""
        yield from _map(value, path, notes, depth + 1)
    elif isinstance(value, list) and value:
        yield ""
        yield from _list(value, path, notes, depth + 1)
    elif isinstance(value, str) and _BLOCK.fullmatch(value) and not value.endswith("\n\n"):
        yield " |"
        pad = "  " * (depth + 1)
        yield from (f"{pad}{line}" if line else "" for line in value[:-1].split("\n"))
    else:
        yield f" {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list):
        return "[]"
    text = str(value)
    plain = _PLAIN.fullmatch(text) and not text.endswith(":") and text.lower() not in _WORDS
    return text if plain else yaml_string(text)
