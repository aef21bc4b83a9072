"""Placeholders in a manifest's values: `{data}`, `{secret:NAME}` and their kin.

Owns which there are, finding them and filling them in. Refuses to know values: a caller hands in
paths, and functions for secrets and settings, so that a secret is read only where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from agent.errors import ManifestError

Path = tuple[str, ...]  # of keys
Record = TypeVar("Record", bound=msgspec.Struct)

PATHS = ("release", "data", "config", "run")
DATABASE = "database"  # its URL, password and all
NAMED = ("secret", "setting", "certificate")
_PLACEHOLDER = re.compile(r"\{([a-z]+)(?::([A-Za-z0-9_-]+))?\}")


def _no_database() -> str:
    raise ManifestError(
        "placeholder-unknown", "{database} stands for nothing here", hint="caretaker manifest check"
    )


@dataclass(frozen=True, slots=True)
class Values:
    """What placeholders stand for on one machine.

    `paths` has each of `PATHS`; `named` has a function for each of `NAMED` that gives the value
    of a name, or raises a CaretakerError. `database` gives the URL that the application uses.
    """

    paths: Mapping[str, str]
    named: Mapping[str, Callable[[str], str]]
    database: Callable[[], str] = _no_database


def expand(text: str, values: Values) -> str:
    """The text with every placeholder filled in; other braces stay. Raises ManifestError."""

    def fill(match: re.Match[str]) -> str:
        kind, name = match[1], match[2]
        if name is None and kind in values.paths:
            return values.paths[kind]
        if name is not None and kind in values.named:
            return values.named[kind](name)
        if name is None and kind == DATABASE:
            return values.database()
        raise ManifestError(
            "placeholder-unknown", f"{match[0]} is no placeholder", hint="caretaker manifest check"
        )

    return _PLACEHOLDER.sub(fill, text)


def expand_record(record: Record, values: Values) -> Record:
    """The record with the placeholders of all its texts filled in, lists and mappings included.

    The same object where it has none. Its repr may hold secrets from here on. Raises ManifestError,
    and what the functions of `values` raise.
    """
    changed = {}
    for name in record.__struct_fields__:
        before = getattr(record, name)
        after = _expanded(before, values)
        if after is not before:
            changed[name] = after
    return msgspec.structs.replace(record, **changed) if changed else record


def _expanded(value: Any, values: Values) -> Any:
    if isinstance(value, str):
        return expand(value, values) if "{" in value else value
    if isinstance(value, list | tuple):
        items = [_expanded(each, values) for each in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if isinstance(value, Mapping):
        filled = {key: _expanded(each, values) for key, each in value.items()}
        return value if all(filled[key] is value[key] for key in filled) else filled
    return value


def holds_secret(text: str) -> bool:
    """Whether the expanded text would hold a secret, so that it must not be shown or logged."""
    return any(
        kind == "secret" or (kind == DATABASE and not name)
        for kind, name in _PLACEHOLDER.findall(text)
    )


def names_used(record: Any, path: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """Every placeholder in a record that is not one of `PATHS`: (path, kind, name).

    Kind is `unknown` where there is no such placeholder at all, and `database` has no name.
    """
    for where, text in _texts(record, path):
        if where[:1] == ("listing",):
            continue  # words for people elsewhere; nothing is filled in there
        for kind, name in _PLACEHOLDER.findall(text):
            if kind in NAMED and name:
                yield where, kind, name
            elif kind == DATABASE and not name:
                yield where, kind, ""
            elif name or kind not in PATHS:
                yield where, "unknown", f"{kind}:{name}" if name else kind


def _texts(record: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(record, str):
        yield path, record
    elif isinstance(record, list | tuple):
        for value in record:
            yield from _texts(value, path)
    else:
        if isinstance(record, msgspec.Struct):
            record = msgspec.structs.asdict(record)
        if isinstance(record, Mapping):
            for key, value in record.items():
                yield from _texts(value, (*path, str(key)))
