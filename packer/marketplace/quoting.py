"""A vendor's words as a string of each format: JSON, YAML, HCL, expressions of Azure.

Owns quoting, so that no text of a manifest becomes syntax, an interpolation or an expression.
Refuses text it can't carry (`listing-invalid`).
"""

from __future__ import annotations

import json
import re
from typing import Any

from agent.errors import RefusedError

_HCL = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_YAML = {**_HCL, "\0": "\\0"}
# The mark that starts an interpolation or a directive in HCL.
_HCL_TEMPLATE = re.compile(r"[$%](?=\{)")


def as_json(value: Any) -> str:
    """Indented, ends with a line break; what can't be seen is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text) + "\n"


def yaml_string(text: str) -> str:
    """A double-quoted scalar (YAML 1.2, 7.3.1)."""
    return f'"{"".join(_YAML.get(c) or _unseen(c, yaml=True) for c in text)}"'


def hcl_string(text: str) -> str:
    """A quoted template without a template in it (HCL syntax specification, "Template Literals").

    What would begin one, `${` or `%{`, is written with the mark in numbers: of `$${`, the other
    way, readers disagree once more marks stand before it.
    """
    inside = "".join(_HCL.get(c) or _unseen(c) for c in text)
    return '"' + _HCL_TEMPLATE.sub(lambda found: f"\\u{ord(found[0]):04x}", inside) + '"'


def _unseen(c: str, *, yaml: bool = False) -> str:
    if c.isprintable() and c != "\ufeff":
        return c
    code = ord(c)
    if yaml and code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def arm_value(text: str) -> str:
    """A text as a value in a template of Azure, where `[…]` would be an expression."""
    return f"[{text}" if text.startswith("[") and text.endswith("]") else text


def arm_word(text: str) -> str:
    """A text as a string inside an expression of Azure: quotes are doubled."""
    return "'" + text.replace("'", "''") + "'"


def ui_value(text: str) -> str:
    """The same for createUiDefinition, where no doubled bracket is documented."""
    return f"[concat({arm_word(text)})]" if text.startswith("[") else text


def aws_value(text: str, *, key: str) -> str:
    """A text for CloudFormation. Dynamic references are filled in wherever they stand."""
    if "{{resolve:" in text:
        raise RefusedError(
            "listing-invalid",
            f"{key} holds {{{{resolve:…}}}}, which CloudFormation would fill in",
            hint="caretaker manifest check appliance.toml",
        )
    return text
