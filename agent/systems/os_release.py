"""os-release: what the distribution says about itself, by the rules of os-release(5).

Owns the syntax (shell-like assignments, quoting, escapes) and where the file stands. Refuses to
judge: whether a system is supported stands in agent/systems/system.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PLACES = ("etc/os-release", "usr/lib/os-release")  # the first that exists counts, os-release(5)
CAP = 64 << 10  # bytes; real ones have less than one KiB
_LINE = re.compile(r"([A-Za-z_][A-Za-z_0-9]*)=(.*)", re.DOTALL)
_ESCAPED_IN_DOUBLE = frozenset('"$`\\')


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The fields that tell one system from another; empty where the file is silent."""

    id: str
    version: str = ""
    like: tuple[str, ...] = ()
    codenames: tuple[str, ...] = ()
    platform: str = ""
    title: str = ""


def read_os_release(machine: Path = Path("/")) -> OsRelease:
    """The os-release of the tree at `machine`; id is `linux` where it has none, as the page says.

    Links are followed: distributions ship /etc/os-release as one, into /usr/lib.
    """
    for place in PLACES:
        try:
            with (machine / place).open("rb") as stream:
                text = stream.read(CAP).decode("utf-8", "replace")
        except OSError:
            continue
        return describe(parse(text))
    return OsRelease("linux")


def describe(fields: dict[str, str]) -> OsRelease:
    """The fields of one file, with the defaults of os-release(5)."""
    # Derivatives name the release they were made from under another key than their own.
    codenames = (
        fields.get(key, "") for key in ("VERSION_CODENAME", "UBUNTU_CODENAME", "DEBIAN_CODENAME")
    )
    return OsRelease(
        id=fields.get("ID") or "linux",
        version=fields.get("VERSION_ID", ""),
        like=tuple(fields.get("ID_LIKE", "").split()),
        codenames=tuple(dict.fromkeys(name for name in codenames if name)),
        platform=fields.get("PLATFORM_ID", ""),
        title=fields.get("PRETTY_NAME") or fields.get("NAME") or "Linux",
    )


def parse(text: str) -> dict[str, str]:
    """Every well-formed assignment; a line that a shell would not read as one is left out.

    A later assignment of the same name wins, as in a shell.
    """
    found: dict[str, str] = {}
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.strip(" \t\r"))
        if match is None:
            continue
        value = _unquoted(match[2])
        if value is not None:
            found[match[1]] = value
    return found


def _unquoted(text: str) -> str | None:
    """A shell word without its quotes; None where a quote stays open or a second word follows."""
    value: list[str] = []
    quote = ""
    at = 0
    while at < len(text):
        char = text[at]
        if quote == "'":
            if char == "'":
                quote = ""
            else:
                value.append(char)
        elif char == "\\":
            at += 1
            if at == len(text):
                return None
            # Between double quotes a backslash before any other character stands for itself.
            keep = quote and text[at] not in _ESCAPED_IN_DOUBLE
            value.append(f"\\{text[at]}" if keep else text[at])
        elif quote:
            if char == '"':
                quote = ""
            else:
                value.append(char)
        elif char in "\"'":
            quote = char
        elif char in " \t":
            rest = text[at:].strip(" \t")
            return "".join(value) if not rest or rest.startswith("#") else None
        else:
            value.append(char)
        at += 1
    return None if quote else "".join(value)
