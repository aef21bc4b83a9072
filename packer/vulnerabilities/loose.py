"""JSON that a stranger wrote, read without believing in its shape.

Owns the reading and the two questions that readers ask of it. Refuses to complain of what is not
there: it is empty then, and whoever asked decides.
"""

from __future__ import annotations

from typing import Any

import msgspec


def read(content: bytes) -> Any:
    """Raises ValueError: no JSON, no UTF-8, or nested without end."""
    try:
        return msgspec.json.decode(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def rows(told: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The tables of a list."""
    found = told.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def table(told: dict[str, Any], key: str) -> dict[str, Any]:
    found = told.get(key)
    return found if isinstance(found, dict) else {}
