"""apt's settings and sources as they stand in files.

Owns the reading of both forms of sources, and of apt.conf as far as values go. Refuses to run apt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from packer.certify.tree import Tree

CONF = "/etc/apt/apt.conf.d"
SOURCES = "/etc/apt/sources.list.d"


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its options in lower case, its addresses."""

    path: str
    options: dict[str, str]
    addresses: tuple[str, ...]


@lru_cache(maxsize=4)
def conf(tree: Tree) -> tuple[tuple[str, str, str], ...]:
    """Path, name in lower case and value; the later wins, as in apt."""
    paths = (
        f"{CONF}/{name}" for name in tree.names(CONF) if re.fullmatch(r"[\w-]+(\.conf)?", name)
    )
    return tuple(each for path in (*paths, "/etc/apt/apt.conf") for each in _of_conf(tree, path))


def value(tree: Tree, name: str) -> str:
    """The last one; "" where none is set."""
    return next((one for _, key, one in reversed(conf(tree)) if key == name.lower()), "")


def _of_conf(tree: Tree, path: str) -> Iterator[tuple[str, str, str]]:
    text = re.sub(r"(?m)^\s*(?://|#(?!clear|include)).*$|/\*.*?\*/", "", tree.text(path))
    above: list[str] = []
    tokens = re.finditer(
        r"([\w:./-]+)?\s*(?:(\{)|(?:\"([^\"]*)\"|(?<=\s)([\w./:-]+))\s*;|(\})\s*;?)", text
    )
    for each in tokens:
        if each[2]:
            above.append(each[1] or "")
        elif each[5]:
            del above[-1:]
        elif each[3] is not None or each[4]:
            name = "::".join(filter(None, (*above, each[1]))).lower().strip(":")
            yield path, name, each[4] or each[3]


def sources(tree: Tree) -> Iterator[Source]:
    """Of sources.list and its folder."""
    listed = [f"{SOURCES}/{name}" for name in tree.names(SOURCES)]
    for path in ("/etc/apt/sources.list", *listed):
        if path.endswith(".list"):
            yield from _of_lines(tree, path)
        elif path.endswith(".sources"):
            yield from _of_blocks(tree, path)


def _of_lines(tree: Tree, path: str) -> Iterator[Source]:
    for line in tree.text(path).splitlines():
        found = re.match(r"\s*deb(?:-src)?\s+(?:\[([^\]]*)\]\s*)?(\S+)", line)
        if found:
            pairs = (one.partition("=") for one in (found[1] or "").split())
            yield Source(path, {key.lower(): what for key, _, what in pairs}, (found[2],))


def _of_blocks(tree: Tree, path: str) -> Iterator[Source]:
    for block in re.split(r"\n\s*\n", tree.text(path)):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t"):
                fields[name] = fields.get(name, "") + "\n" + line.strip()
            else:
                name, _, rest = line.partition(":")
                name = name.strip().lower()
                fields[name] = rest.strip()
        if "uris" in fields and fields.get("enabled", "yes").lower() not in ("no", "false"):
            yield Source(path, fields, tuple(fields["uris"].split()))
