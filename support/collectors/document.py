"""Small files of a bundle, made in memory: a value as JSON, rows as columns, a file as it is.

Owns their form, which docs/reference/support-files.md promises. Refuses to look at anything itself:
it is given functions that do, called only when the file's turn has come.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from agent.host import glance
from support.collectors.collector import Source
from support.scene import Scene

SMALL = 256 << 10  # bytes; what one small text file gives at most


def made(name: str, origin: str, make: Callable[[], bytes], *, size: int | None = None) -> Source:
    """A file whose bytes `make` gives at once; what it raises is told in its place."""

    def blocks() -> Iterator[bytes]:
        content = make()
        if content:
            yield content

    return Source(name=name, origin=origin, blocks=blocks, size=size)


def value(name: str, origin: str, make: Callable[[], object]) -> Source:
    """One JSON value, indented."""
    return made(name, origin, lambda: msgspec.json.format(encoded(make()), indent=1) + b"\n")


def lines(name: str, origin: str, make: Callable[[], Iterable[object]]) -> Source:
    """JSON values, one a line."""
    return made(name, origin, lambda: b"".join(encoded(each) + b"\n" for each in make()))


def columns(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Aligned text; only in the last column may a cell hold several blanks in a row."""
    table = [[_cell(each) for each in row] for row in rows]
    for row in table:
        row[:-1] = [" ".join(cell.split()) or "-" for cell in row[:-1]]
    every = [list(header), *table]
    widths = [max(len(row[place]) for row in every) for place in range(len(header) - 1)]
    written = (
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in every
    )
    return "".join(f"{line.rstrip()}\n" for line in written).encode("utf-8", "replace")


def copied(
    scene: Scene, path: str, name: str, *, cap: int = SMALL, newest: bool = False
) -> Iterator[Source]:
    """The file at a path of the machine, where there is one; nothing else."""
    root = scene.layout.root
    seen = glance.look(root, path)
    if seen is None or not seen.is_file:
        return
    yield Source(
        name=name,
        origin=path,
        blocks=lambda: iter((glance.read(root, path, cap=cap, newest=newest),)),
        size=min(seen.size, cap),
        modified=seen.modified,
        left_out=lambda: max(0, seen.size - cap),
    )


def below_root(scene: Scene, path: str | os.PathLike[str]) -> str:
    """A path of the layout as `copied` and `glance` take it: as the machine itself calls it."""
    root, text = str(scene.layout.root).rstrip("/"), os.fspath(path)
    return text[len(root) :] if root and text.startswith(f"{root}/") else text


def encoded(content: object) -> bytes:
    """JSON in UTF-8, whatever bytes names on this machine are made of."""
    try:
        return msgspec.json.encode(content)
    except UnicodeEncodeError:
        return msgspec.json.encode(_plain(msgspec.to_builtins(content)))


def plain(text: str) -> str:
    """Text out of file names and /proc, where bytes that are no UTF-8 came as surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _plain(content: object) -> object:
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode()
    if isinstance(content, dict):
        return {_plain(key): _plain(each) for key, each in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(each) for each in content]
    return content


def _cell(content: object) -> str:
    text = "" if content is None else str(content)
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
