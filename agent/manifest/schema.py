"""The manifest's JSON Schema, for editors.

Owns turning the rows of agent/manifest/keys.py and their records into draft 2020-12. Refuses
rules that need two keys at once; `caretaker manifest check` knows those.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from agent.manifest.keys import members
from agent.manifest.kinds import Duration, Size, describe
from agent.manifest.model import Manifest

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema as an object."""
    shared: dict[str, Any] = {}
    shape: dict[str, Any] = _hoisted(_record(Manifest), shared)
    head = {"$schema": _DRAFT, "title": "Caretaker's appliance.toml"}
    return head | shape | ({"$defs": shared} if shared else {})


def _hoisted(shape: Any, shared: dict[str, Any]) -> Any:
    """The shape with every `$defs` below it moved to `shared`.

    msgspec writes them beside each leaf, and `#/$defs/…` is looked up from the top.
    """
    if isinstance(shape, list):
        return [_hoisted(each, shared) for each in shape]
    if not isinstance(shape, dict):
        return shape
    for name, each in shape.get("$defs", {}).items():
        assert shared.setdefault(name, each) == each, f"two kinds are called {name}"
    return {key: _hoisted(each, shared) for key, each in shape.items() if key != "$defs"}


def _record(record: Any) -> dict[str, Any]:
    hints = get_type_hints(record, include_extras=True)
    fields = msgspec.structs.fields(record)
    properties = {each.name: _kind(hints[each.name]) | _default(each) for each in fields}
    required = [each.name for each in fields if each.required]
    tag = record.__struct_config__.tag
    if tag:
        properties = {"type": {"const": tag}} | properties
        required = ["type", *required]
    shape: dict[str, Any] = {
        "type": "object",
        "description": (record.__doc__ or "").strip(),
        "properties": properties,
        "additionalProperties": False,
    }
    return shape | ({"required": required} if required else {})


def _kind(kind: Any) -> dict[str, Any]:
    records = members(kind)
    bare = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    if records:
        shapes = [_record(record) for record in records]
        return (shapes[0] if len(shapes) == 1 else {"oneOf": shapes}) | _help(kind)
    if get_origin(bare) is dict:
        name_kind, value_kind = get_args(bare)
        names = msgspec.json.schema(name_kind)
        shape = {"type": "object", "additionalProperties": _kind(value_kind)}
        limits = {"propertyNames": {"pattern": names["pattern"]}} if "pattern" in names else {}
        return shape | limits | _help(kind)
    # Leaves: msgspec knows how its own limits are said in JSON Schema.
    return msgspec.json.schema(kind, schema_hook=describe)


def _help(kind: Any) -> dict[str, Any]:
    for meta in getattr(kind, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.description:
            return {"description": meta.description}
    return {}


def _default(each: Any) -> dict[str, Any]:
    default = each.default
    if default is msgspec.NODEFAULT or isinstance(default, msgspec.Struct):
        return {}
    if isinstance(default, Duration | Size):
        return {"default": str(default)}
    if isinstance(default, Enum):
        return {"default": default.value}
    return {"default": list(default) if isinstance(default, tuple) else default}
