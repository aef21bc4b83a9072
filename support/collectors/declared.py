"""`[collect.NAME]`: what the vendor declared: files, a program's output, units' journals, SQL.

Owns making each table one collector of that name. A program runs as the application's user, or the
one named, and ends with its collector. Refuses what a manifest check refuses, once more: paths of
secrets, and a secret in an argument list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from agent.errors import CaretakerError
from agent.host import piped, users
from agent.host.accounts import is_root
from agent.host.failures import HostFailure
from agent.host.found import Found
from agent.host.streaming import Program, run_long
from agent.manifest.placeholders import expand, holds_secret
from agent.manifest.support import Collect
from agent.values import values_for
from support.collectors import files, journal
from support.collectors.collector import LATER, SOON, Collector, Source
from support.collectors.document import below_root
from support.collectors.programs import MISSING, SILENT, exit_code
from support.collectors.sessions import reading
from support.scene import Scene

_BLOCK = 64 << 10
_ERRORS = 16 << 10  # bytes of a program's complaints
_LONGER = 5.0  # seconds
_ANSWER = 4096  # bytes, where nobody knows how much a program says


def declared(scene: Scene) -> tuple[Collector, ...]:
    """The collectors of the manifest's own, in its order; none without one."""
    tables = scene.manifest.collect if scene.manifest else {}
    return tuple(_collector(name, table) for name, table in tables.items())


def _collector(name: str, table: Collect) -> Collector:
    kinds = {"files": table.files, "a program": table.command, "units": table.units,
             "SQL": table.sql}  # fmt: skip
    reads = ", ".join(kind for kind, given in kinds.items() if given)
    return Collector(
        code=name,
        title=table.title or name,
        reads=f"{reads}: [collect.{name}] of the manifest",
        sources=partial(_sources, name, table),
        guess=partial(_guess, name, table),
        cap=table.cap,
        timeout=float(table.timeout),
        priority=LATER if table.consent else SOON,
        rescue=bool(table.files or table.units),
        consent=table.consent,
    )


def _sources(name: str, table: Collect, scene: Scene) -> Iterator[Source]:
    """Files first, the newest of them: they are there whatever a program does."""
    for each in _found(table, scene):
        yield files.source(each, f"collected/{name}{each.path}", cap=table.cap)
    if table.units:
        yield from journal.of_units(name, table.units, cap=table.cap).sources(scene)
    if scene.rescue:
        return
    for number, statement in enumerate(table.sql, start=1):
        yield _answers(name, number, statement, table, scene)
    if table.command:
        yield from _program(name, table, scene)


def _found(table: Collect, scene: Scene) -> list[Found]:
    patterns = [path for path in map(partial(_expanded, scene), table.files) if path]
    closed = f"{below_root(scene, scene.layout.config)}/backup/"
    found = [
        each for each in files.matching(scene, patterns) if not each.path.startswith(closed)
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each.modified, each.path))


def _expanded(scene: Scene, pattern: str) -> str:
    """Empty for one that can't be filled in, or would hold a secret: it would be told."""
    assert scene.manifest is not None
    if holds_secret(pattern):
        return ""
    with suppress(CaretakerError):
        return expand(pattern, values_for(scene.manifest, scene.layout))
    return ""


def _answers(name: str, number: int, statement: str, table: Collect, scene: Scene) -> Source:
    def blocks() -> Iterator[bytes]:
        """By COPY, so that a million rows take no memory."""
        query = statement.strip().rstrip(";").encode()
        copy = b"COPY (" + query + b"\n) TO STDOUT (FORMAT csv, HEADER)"
        with (
            reading(scene, seconds=float(table.timeout)) as opened,
            opened.cursor() as cursor,
            cursor.copy(copy) as rows,
        ):
            for each in rows:
                yield bytes(each)

    return Source(f"collected/{name}/sql/{number}.csv", statement[:500], blocks, cap=table.cap)


def _program(name: str, table: Collect, scene: Scene) -> Iterator[Source]:
    ended: list[tuple[int, str]] = []

    def blocks() -> Iterator[bytes]:
        argv = _argv(name, table, scene)
        with piped.reading(partial(_run, argv, table, scene, ended)) as stream:
            while data := stream.read1(_BLOCK):  # type: ignore[attr-defined]  # it is buffered
                yield data
        if ended[0][0] == MISSING:
            yield f"not installed: {argv[0]}\n".encode()

    shown = " ".join(table.command)[:500]
    yield Source(
        f"collected/{name}/command.txt",
        shown,
        blocks,
        cap=table.cap,
        exit_code=lambda: ended[0][0] if ended else None,
    )
    if ended and ended[0][1]:
        errors = ended[0][1].encode("utf-8", "replace")[-_ERRORS:]
        yield Source(f"collected/{name}/command.errors.txt", shown, lambda: iter((errors,)))
    if ended and ended[0][0] == SILENT:
        raise HostFailure(f"{table.command[0]} did not end in its time")


def _run(
    argv: Sequence[str], table: Collect, scene: Scene, ended: list[tuple[int, str]], out: int
) -> None:
    """In the place and with the rights that the vendor's other programs have."""
    layout = scene.layout
    user = table.user or ("" if layout.embedded else layout.app)
    home = layout.data if layout.data.is_dir() else Path("/")
    if user and is_root() and users.find(user) is None:
        raise HostFailure(f"there is no user {user} on this machine")
    done = run_long(
        Program(argv, {"HOME": str(home)}, cwd=home, user=user, out=out),
        # Whoever reads ends us at the table's own time, and says so; this is for when nobody does
        # yet: what waits is begun before its turn.
        silent=float(table.timeout) + _LONGER,
    )
    ended.append((exit_code(done), done.stderr.strip()))


def _argv(name: str, table: Collect, scene: Scene) -> list[str]:
    assert scene.manifest is not None
    if any(map(holds_secret, table.command)):
        raise HostFailure(f"collect.{name}.command holds a secret, which every user could read")
    values = values_for(scene.manifest, scene.layout)
    return [expand(word, values) for word in table.command]


def _guess(name: str, table: Collect, scene: Scene) -> int:
    sizes: Iterable[int] = (min(each.size, table.cap) for each in _found(table, scene))
    asked = 0 if scene.rescue else len(table.sql) + bool(table.command)
    units = journal.of_units(name, table.units).guess(scene) if table.units else 0
    return min(table.cap, sum(sizes) + units + _ANSWER * asked)
