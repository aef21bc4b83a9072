"""Reads the JSON files of a bundle (docs/reference/support-files.md), whatever state they are in.

Owns the tolerance: what is missing, torn or of another shape is None, or is left out of a list.
Refuses to raise, and to judge.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from support.analysers.analyser import Evidence, Seen

T = TypeVar("T")


def document(evidence: Evidence, name: str, shape: type[T]) -> T | None:
    """One value of that shape."""
    data = evidence.read(name)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def listed_in(evidence: Evidence, name: str, shape: type[T]) -> list[T] | None:
    """A JSON list's items of that shape; None where there is no list."""
    items = document(evidence, name, list[Any])
    if items is None:
        return None
    return [each for item in items if (each := _converted(item, shape)) is not None]


def lines_of(evidence: Evidence, name: str, shape: type[T]) -> list[tuple[int, T]] | None:
    """JSONL: the lines of that shape, each with its number from 1; None where there is no file."""
    data = evidence.read(name)
    if data is None:
        return None
    decoder = msgspec.json.Decoder(shape, strict=False)
    found = []
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            found.append((number, decoder.decode(line)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return found


def text_of(evidence: Evidence, name: str) -> str | None:
    data = evidence.read(name)
    return None if data is None else data.decode(errors="replace")


def cite(evidence: Evidence, name: str, needle: str = "", text: str = "") -> Seen:
    """Where in the file that is said; `text` stands for the line where it says it better."""
    data = evidence.read(name) if needle else None
    at = data.find(needle.encode()) if data else -1
    if data is not None and at >= 0:
        begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        line = data[begin : end if end >= 0 else len(data)]
        shown = text or line.decode(errors="replace").strip()
        return Seen(name, data.count(b"\n", 0, at) + 1, shown[:600])
    return Seen(name, 0, text[:600])


def _converted(item: Any, shape: type[T]) -> T | None:
    try:
        return msgspec.convert(item, shape, strict=False)
    except (msgspec.ValidationError, RecursionError):
        return None
