"""The kinds of value a manifest may hold beyond TOML's own: durations, sizes, names.

Owns how they are written (`30s`, `1h30m`, `20MiB`) and read. Refuses bare numbers for durations:
a vendor should never have to guess the unit.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from msgspec import Meta

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
          "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kKMGT]i?B|B)")
# Beyond these, dates and 64-bit counters of those who get them overflow.
_LONGEST = 36500 * 86400.0
_LARGEST = 1 << 50


class Duration(float):
    """A length of time in seconds, written `500ms`, `10s`, `5m`, `1h30m`, `90d`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Raises ValueError with what is allowed."""
        if isinstance(text, str) and re.fullmatch(f"(?:{_DURATION.pattern})+", text):
            seconds = sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(text))
            if seconds > _LONGEST:
                raise ValueError(f"that long is never; at most {_LONGEST / 86400:.0f}d")
            return cls(seconds)
        raise ValueError(f"{text!r} is no duration; write a number and ms, s, m, h or d: 30s")

    def __str__(self) -> str:
        for unit in ("d", "h", "m", "s"):
            count = self / _UNITS[unit]
            if count >= 1 and count == int(count):
                return f"{int(count)}{unit}"
        return f"{self * 1000:.3f}".rstrip("0").rstrip(".") + "ms" if self else "0s"


class Size(int):
    """An amount of storage in bytes, written `512KiB`, `20MiB`, `2GB`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: object) -> Size:
        """Raises ValueError with what is allowed."""
        if isinstance(text, str) and (match := _SIZE.fullmatch(text)):
            count = float(match[1]) * _SIZES[match[2]]
            if count > _LARGEST:
                raise ValueError("no machine has that much; at most 1024TiB")
            return cls(count)
        raise ValueError(f"{text!r} is no size; write a number and KiB, MiB, GiB or TiB: 20MiB")

    def __str__(self) -> str:
        for unit in ("TiB", "GiB", "MiB", "KiB"):
            if self and self % _SIZES[unit] == 0:
                return f"{self // _SIZES[unit]}{unit}"
        return f"{int(self)}B"


def decode(kind: type, value: object) -> Any:
    """msgspec's hook for the kinds above. Raises ValueError."""
    if kind is Duration:
        return Duration.parse(value)
    if kind is Size:
        return Size.parse(value)
    raise NotImplementedError(kind)


def describe(kind: type) -> dict[str, Any]:
    """msgspec's hook that puts the kinds above into a JSON Schema."""
    if kind is Duration:
        return {"type": "string", "pattern": f"^(?:{_DURATION.pattern})+$", "examples": ["30s"]}
    if kind is Size:
        return {"type": "string", "pattern": f"^{_SIZE.pattern}$", "examples": ["20MiB"]}
    raise NotImplementedError(kind)


# What names may look like: they become file names, unit names, URL parts and metric labels.
# `$` alone would let a line break stand at the end.
Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]{0,30}$(?!\n)",
        description="lower-case letters, digits and hyphens",
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535)]
PortOrOff = Annotated[int, Meta(ge=0, le=65535)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Argv = Annotated[list[str], Meta(min_length=1)]
