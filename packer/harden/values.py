"""Settings in a file that is not ours: a key, a value, in the file's own way of writing them.

Owns finding what counts, and changing that line alone; all else in the file stays. A folder of
drop-ins that is read after the file is looked at too, and what contradicts there is switched off.
Refuses files with sections of which more than one has the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packer.certify.finding import Finding, NotApplicableError
from packer.certify.rule import Subject
from packer.certify.tree import Tree
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want

OFF = "# switched off by `caretaker harden`: "


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written: between key and value, and what a fresh file begins with.

    `equals` is the sign people may write between them, "" for blanks; `joint` is ours.
    """

    equals: str
    joint: str
    head: str = ""
    flags: bool = False
    """Keys without a value are written alone."""


BLANKS = Style("", " ")
PADDED = Style("=", " = ", flags=True)
SHELL = Style("=", "=")


def section(name: str) -> Style:
    """A file of systemd's with one section."""
    return Style("=", "=", head=f"[{name}]\n")


def values(
    path: str,
    wanted: Mapping[str, str],
    style: Style,
    *,
    drop_ins: str = "",
    package: str = "",
    mode: int | None = None,
) -> Want:
    """Each key with its value. `package`: a file or folder without which it does not apply."""

    def look(subject: Subject) -> Iterable[Finding]:
        if package and subject.tree.entry(package) is None:
            raise NotApplicableError(f"there is no {package}")
        yield from _in_file(subject.tree, path, wanted, style)
        for name in _drop_ins(subject.tree, drop_ins):
            for key in _contradicted(subject.tree.text(name), wanted, style):
                yield Finding(name, f"sets {key} to something else")

    def make(site: Site) -> None:
        text = hands.text(site, path) or style.head
        for key, value in wanted.items():
            text = _with(text, key, value, style)
        hands.put(site, path, text, mode=mode)
        for name in _files_of(site, drop_ins):
            before = hands.text(site, name)
            after = _without(before, _contradicted(before, wanted, style), style)
            if after != before:
                hands.put(site, name, after)

    return Want(path, look, make)


def _in_file(tree: Tree, path: str, wanted: Mapping[str, str], style: Style) -> Iterable[Finding]:
    text = tree.text(path)
    for key, value in wanted.items():
        found = _said(text, key, style)
        if not found:
            yield Finding(path, f"does not set {key} to {value}")
        elif any(said != value for said in found):
            yield Finding(path, f"sets {key} to {found[-1]}, not {value}")


def _pattern(key: str, style: Style) -> re.Pattern[str]:
    between = rf"[ \t]*{re.escape(style.equals)}[ \t]*" if style.equals else r"[ \t]+"
    if style.flags:
        between = rf"(?:{between}|(?=[ \t]*$))"
    return re.compile(rf"^[ \t]*{re.escape(key)}{between}(.*?)[ \t]*$", re.MULTILINE)


def _said(text: str, key: str, style: Style) -> list[str]:
    return [found[1] for found in _pattern(key, style).finditer(text)]


def _with(text: str, key: str, value: str, style: Style) -> str:
    """One line says it: the first that did, else the first that was commented out, else a new."""
    line = f"{key}{style.joint}{value}" if value or not style.flags else key
    spoken, silent = _pattern(key, style), re.compile(
        rf"^[ \t]*#[ \t]*{re.escape(key)}(?:[ \t]*=|[ \t]+\S+[ \t]*$|[ \t]*$).*$", re.MULTILINE
    )  # fmt: skip
    if found := spoken.search(text):
        rest = spoken.sub("\0", text[found.end() :]).replace("\0\n", "").replace("\0", "")
        return f"{text[: found.start()]}{line}{rest}"
    if found := silent.search(text):
        return f"{text[: found.start()]}{line}{text[found.end() :]}"
    return f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n"


def _contradicted(text: str, wanted: Mapping[str, str], style: Style) -> list[str]:
    return [
        key for key, value in wanted.items() if any(one != value for one in _said(text, key, style))
    ]


def _without(text: str, keys: Iterable[str], style: Style) -> str:
    for key in keys:
        text = _pattern(key, style).sub(lambda found: f"{OFF}{found[0].strip()}", text)
    return text


def _drop_ins(tree: Tree, folder: str) -> list[str]:
    names = tree.names(folder) if folder else ()
    return [f"{folder}/{name}" for name in names if name.endswith(".conf")]


def _files_of(site: Site, folder: str) -> list[str]:
    top = site.host.path(folder) if folder else None
    if top is None or not top.is_dir():
        return []
    return sorted(f"{folder}/{each.name}" for each in top.glob("*.conf") if each.is_file())
