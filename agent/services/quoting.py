"""Words as unit files and environment files take them. Pure.

Owns escaping (systemd.syntax(7), "Quoting"; systemd.service(5), "Command lines"; systemd.exec(5),
EnvironmentFile=). Refuses what no escape can carry: NUL, control characters in paths, and an
executable that begins like one of systemd's prefixes.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence

from agent.errors import ManifestError

_PLAIN = frozenset(string.ascii_letters + string.digits + "-_./:=,+@%")
_PREFIXES = "@-:+!|"  # of ExecStart=; they are read after quotes are gone, so quotes don't help


def command_line(argv: Sequence[str]) -> str:
    """An argument list for ExecStart= and its kin.

    The colon in front switches off systemd's own `$NAME` expansion, so that what the manifest
    says is what the program gets.
    """
    if not argv[0] or argv[0][0] in _PREFIXES:
        raise _impossible(f"a program can't be called {argv[0]!r}")
    return f":{words(argv)}"


def words(each: Iterable[str]) -> str:
    """A list of arguments or environment assignments."""
    return " ".join(_word(one) for one in each)


def paths(each: Iterable[str]) -> str:
    """A list of paths; their keys know no escape for control characters."""
    listed = list(each)
    for one in listed:
        if any(_is_control(character) for character in one):
            raise _impossible(f"the path {one!r} holds a control character")
    return words(listed)


def line(text: str) -> str:
    """Text for a key that takes the rest of its line (Description=, WorkingDirectory=)."""
    if text.endswith("\\") or any(_is_control(character) for character in text):
        raise _impossible(f"{text!r} ends with a backslash or holds a control character")
    return text.replace("%", "%%")


def environment_file(values: Iterable[tuple[str, str]]) -> str:
    """The text of a file for EnvironmentFile=: every value in double quotes."""
    lines = []
    for name, value in values:
        if "\0" in value:
            raise _impossible(f"{name} holds a NUL character")
        for special in '\\"$`':
            value = value.replace(special, f"\\{special}")
        lines.append(f'{name}="{value}"\n')
    return "".join(lines)


def _word(text: str) -> str:
    escaped = "".join(_escaped(character) for character in text)
    # In quotes whatever is not plain: a lone `;`, spaces, a `#`, other scripts, nothing at all.
    return escaped if text and set(text) <= _PLAIN else f'"{escaped}"'


def _escaped(character: str) -> str:
    if character == "\0":
        raise _impossible("a value holds a NUL character")
    if character == "%":
        return "%%"  # `%n` and the like are systemd's own
    if character in '"\\':
        return f"\\{character}"
    if _is_control(character):
        return f"\\x{ord(character):02x}"
    return character


def _is_control(character: str) -> bool:
    return ord(character) < 0x20 or ord(character) == 0x7F


def _impossible(message: str) -> ManifestError:
    return ManifestError("manifest-value", message, hint="caretaker manifest check")
