"""Every key of a manifest as a row: path, kind of value, default, help.

Owns walking the records of agent/manifest/model.py. What explains keys to people or programs
(`explain`, the JSON Schema, the reference page) reads these rows. Refuses values.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from agent.manifest.kinds import Duration, Size
from agent.manifest.model import Manifest

REQUIRED = object()


@dataclass(frozen=True, slots=True)
class Key:
    """One key. `path` holds `NAME` where the vendor chooses; `variant` is a check's type."""

    path: tuple[str, ...]
    kind: Any
    metas: tuple[msgspec.Meta, ...]
    default: Any
    help: str
    variant: str = ""

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


def all_keys() -> list[Key]:
    """Every key, in the order of the records."""
    return list(_keys_of(Manifest, ()))


def members(kind: Any) -> tuple[Any, ...]:
    """The records a kind may be: one, the members of a union, or none."""
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    options = get_args(bare) if get_origin(bare) in (Union, types.UnionType) else (bare,)
    return tuple(o for o in options if isinstance(o, type) and issubclass(o, msgspec.Struct))


def _keys_of(record: Any, path: tuple[str, ...], variant: str = "") -> Iterator[Key]:
    hints = get_type_hints(record, include_extras=True)
    for each in msgspec.structs.fields(record):
        bare, metas = _apart(hints[each.name])
        here = (*path, each.name)
        records = members(bare) or (members(get_args(bare)[1]) if get_origin(bare) is dict else ())
        inner = here if members(bare) else (*here, "NAME")
        if records:
            for one in records:
                tag = one.__struct_config__.tag if len(records) > 1 else ""
                yield from _keys_of(one, inner, tag or variant)
        else:
            text = " ".join(meta.description for meta in metas if meta.description)
            yield Key(here, bare, metas, _default(each), text, variant)


def _apart(kind: Any) -> tuple[Any, tuple[msgspec.Meta, ...]]:
    if get_origin(kind) is not Annotated:
        return kind, ()
    bare, *extras = get_args(kind)
    return bare, tuple(extra for extra in extras if isinstance(extra, msgspec.Meta))


def _default(each: Any) -> Any:
    if each.default is not msgspec.NODEFAULT:
        return each.default
    if each.default_factory is not msgspec.NODEFAULT:
        return each.default_factory()
    return REQUIRED


def spell_kind(kind: Any) -> str:
    """A kind in words: `text`, `list of texts`, `one of a, b`."""
    bare, _ = _apart(kind)
    named = {str: "text", int: "whole number", float: "number", bool: "true or false",
             Duration: "duration (30s, 5m)", Size: "size (20MiB)"}  # fmt: skip
    if bare in named:
        return named[bare]
    origin, inner = get_origin(bare), get_args(bare)
    if origin is Literal:
        return "one of " + ", ".join(str(word) for word in inner)
    if origin in (list, tuple):
        return f"list of {spell_kind(inner[0])}"
    if origin is dict:
        return f"table of {spell_kind(inner[1])}"
    if origin in (Union, types.UnionType):
        return " or ".join(spell_kind(one) for one in inner)
    if isinstance(bare, type) and issubclass(bare, Enum):
        return "one of " + ", ".join(str(member.value) for member in bare)
    return str(bare)


def spell_limits(key: Key) -> str:
    """What else holds for a key's value: `1 to 100`, `matches ^https?://`."""
    parts = []
    for meta in key.metas:
        if meta.ge is not None and meta.le is not None:
            parts.append(f"{meta.ge} to {meta.le}")
        elif meta.ge is not None:
            parts.append(f"at least {meta.ge}")
        elif meta.le is not None:
            parts.append(f"at most {meta.le}")
        if meta.gt is not None:
            parts.append(f"above {meta.gt}")
        if meta.pattern is not None:
            parts.append(f"matches `{meta.pattern}`")
    return ", ".join(parts)


def spell_default(key: Key) -> str:
    """The default as it would be written; `required` where there is none."""
    if key.required:
        return "required"
    if isinstance(key.default, Duration | Size):
        return str(key.default)
    if isinstance(key.default, Enum):
        return str(key.default.value)
    if isinstance(key.default, bool):
        return str(key.default).lower()
    if isinstance(key.default, list | tuple):
        return f"[{', '.join(str(item) for item in key.default)}]"
    return str(key.default) if key.default not in ("", {}) else "none"
