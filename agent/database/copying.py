"""One database copied into an empty one, and both ends proved equal.

By pgcopydb where it is installed and knows both servers, else (or where it fails) by pg_dump and
pg_restore. Neither is ever told to resume: what is left of a run that was killed is dropped and
made anew. Passwords stand in a file that only the programs' user reads, never in arguments.

Owns running the programs and the proof. Refuses to make or drop databases (`ours`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from agent.database import hashes, outline
from agent.database.programs import Runner
from agent.database.reach import Place, failed, session, told
from agent.database.temporary import end_left_over
from agent.errors import MachineError
from agent.host import files, scratch, streaming
from agent.host.children import MARK
from agent.host.spawn import Completed
from agent.host.streaming import Program
from agent.progress import Progress
from agent.remedies.remedy import Scene

JOBS = 2
SILENT = 6 * 3600.0  # seconds: one index of a large table, of which no program says anything
_LOOK = 1.0  # seconds between two looks at how much is there
_COMMENT = re.compile(rb"^\d+; \d+ \d+ COMMENT - EXTENSION ")


@dataclass(frozen=True, slots=True)
class Way:
    """From where to where, with whose programs. `work` is an empty folder that `runner` owns;
    `mark` names the programs, so that those of a run that was killed are found."""

    source: Place
    target: Place
    programs: Path
    runner: Runner
    work: Path
    mark: str


@dataclass(frozen=True, slots=True)
class Copied:
    """How it was done. `size` is of the old database, in bytes."""

    by: str
    seconds: float
    proof_seconds: float
    tables: int
    rows: int
    size: int


def copy(scene: Scene, way: Way, progress: Progress, *, anew: Callable[[], None]) -> Copied:
    """Copy and prove. `anew` drops and makes the target again. Raises MachineError."""
    clock = scene.host.clock
    with told(way.source, "the database could not be read"), session(way.source) as opened:
        size = opened.execute("SELECT pg_database_size(current_database())").fetchall()[0][0]
    begun, trouble = clock.monotonic(), ""
    end_left_over(scene)
    anew()
    for by in _programs(scene, way):
        if trouble:
            begun = clock.monotonic()
            anew()
        progress.step("copy", f"copy {way.source.address} to {way.target.address} by {by}")
        with _credentials(way) as passfile, _told_how_far(way.target, size, progress):
            done = (_by_pgcopydb if by == "pgcopydb" else _by_dump)(way, passfile)
        took = clock.monotonic() - begun
        if not done.ok:
            trouble = _scrubbed(_reason(done), way)
        else:
            content, found = _proof(way, progress)
            if not found:
                proof = clock.monotonic() - begun - took
                return Copied(by, took, proof, content.tables, content.rows, size)
            trouble = f"the ends differ: {'; '.join(found[:5])}"
        progress.note(f"{by}: {trouble}")
    raise MachineError(
        "database-failed",
        f"{way.source.address} was not copied to {way.target.address}: {trouble}",
        hint="caretaker database check --to URL",
    )


def _programs(scene: Scene, way: Way) -> list[str]:
    """pgcopydb first, where it says that it knows both servers' major versions."""
    done = scene.host.run(["pgcopydb", "--version"], timeout=30.0)
    known = set(re.findall(r"\b(\d\d)\b", done.stdout.partition("compatible with")[2]))
    try:
        majors = {_major(way.source), _major(way.target)}
    except psycopg.Error as error:
        raise failed(way.target, "its version could not be asked for", error) from error
    return ["pgcopydb", "pg_dump"] if done.ok and majors <= known else ["pg_dump"]


def _major(place: Place) -> str:
    with session(place) as opened:
        return str(opened.info.server_version // 10000)


def _by_pgcopydb(way: Way, passfile: Path) -> Completed:
    argv = ["pgcopydb", "clone", f"--table-jobs={JOBS}", f"--index-jobs={JOBS}",
            "--no-owner", "--no-acl", f"--dir={way.work / 'pgcopydb'}"]  # fmt: skip
    env = {
        "PGCOPYDB_SOURCE_PGURI": way.source.open_url(passfile),
        "PGCOPYDB_TARGET_PGURI": way.target.open_url(passfile),
    }
    done = _run(way, argv, env)
    _clear(way, "pgcopydb")
    return done


def _by_dump(way: Way, passfile: Path) -> Completed:
    # Root writes the list, so it stands in root's folder and not in the programs' own.
    folder, listing = way.work / "dump", passfile.with_name("list")
    dump = [str(way.programs / "pg_dump"), "--format=directory", f"--jobs={JOBS}", "--compress=1",
            "--no-owner", "--no-acl", "--no-subscriptions", f"--file={folder}",
            f"--dbname={way.source.open_url(passfile)}"]  # fmt: skip
    restore = [str(way.programs / "pg_restore"), f"--jobs={JOBS}", "--no-owner", "--no-acl",
               "--exit-on-error", f"--use-list={listing}",
               f"--dbname={way.target.open_url(passfile)}", str(folder)]  # fmt: skip
    done = _run(way, dump, {})
    if done.ok:
        listed: list[str] = []
        argv = [str(way.programs / "pg_restore"), "--list", str(folder)]
        done = _run(way, argv, {}, listen=listed.append)
        # Only who owns an extension may comment on it, and on a managed server that is not us.
        kept = [line for line in listed if not _COMMENT.match(line.encode())]
        files.replace(listing, "\n".join(kept).encode() + b"\n", mode=0o600,
                      owner=way.runner.owner, durable=False)  # fmt: skip
    if done.ok:
        done = _run(way, restore, {"PGOPTIONS": "-c maintenance_work_mem=256MB"})
    if done.ok:
        done = _analyse(way, done)
    _clear(way, "dump")
    return done


def _analyse(way: Way, done: Completed) -> Completed:
    """Without statistics the first queries would be planned blindly; pgcopydb does this itself."""
    with told(way.target, "statistics could not be made"), session(way.target) as opened:
        opened.execute("ANALYZE")
    return done


def _run(
    way: Way,
    argv: list[str],
    env: dict[str, str],
    listen: Callable[[str], None] = lambda line: None,
) -> Completed:
    """One of the programs, in a session of its own: pgcopydb ends its whole process group."""
    path = f"{way.programs}:/usr/local/bin:/usr/bin:/bin"
    whole = {"PATH": path, "HOME": str(way.work), "TMPDIR": str(way.work), MARK: way.mark, **env}
    program = Program(argv=argv, env=whole, cwd=way.work, user=way.runner.account)
    return streaming.run_long(program, silent=SILENT, listen=listen)


def _clear(way: Way, name: str) -> None:
    # As who made it: root follows nobody's links in a folder of somebody else.
    _run(way, ["rm", "-rf", "--", str(way.work / name)], {})


@contextmanager
def _credentials(way: Way) -> Iterator[Path]:
    """A password file for the programs' user, below /run, gone afterwards."""
    with scratch.folder("pgpass") as home:
        path = home / "pgpass"
        lines = [place.passfile_line() for place in (way.source, way.target) if place.password]
        files.replace(
            path, "".join(lines).encode(), mode=0o600, owner=way.runner.owner, durable=False
        )
        yield path


@contextmanager
def _told_how_far(target: Place, size: int, progress: Progress) -> Iterator[None]:
    """Tells how much of it is there, while the programs run."""
    ended = threading.Event()

    def watch() -> None:
        asked = "SELECT pg_database_size(current_database())"
        try:
            with session(target) as opened:
                while not ended.wait(_LOOK):
                    there = opened.execute(asked).fetchall()[0][0]
                    progress.advance(min(there, size), size, "bytes")
        except psycopg.Error:
            pass  # Only the progress bar stands still.

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _proof(way: Way, progress: Progress) -> tuple[hashes.Content, list[str]]:
    """What the old end holds, and what differs between the two; both are read at once."""
    progress.step("verify", "count and hash every table on both ends")
    new: list[hashes.Content] = []
    problems: list[psycopg.Error] = []

    def read_new() -> None:
        try:
            new.append(hashes.content_of(way.target))
        except psycopg.Error as error:
            problems.append(error)

    thread = threading.Thread(target=read_new, daemon=True)
    thread.start()
    try:
        with told(way.source, "the old end could not be read"):
            old = hashes.content_of(way.source)
    finally:
        thread.join()
    if problems:
        raise failed(way.target, "the new end could not be read", problems[0])
    texts = _major(way.source) == _major(way.target)
    with told(way.source, "the ends could not be compared"):
        with session(way.source) as one:
            before = outline.outline_of(one, texts=texts)
        with session(way.target) as other:
            after = outline.outline_of(other, texts=texts)
    found = hashes.differences(old, new[0]) + outline.differences(before, after)
    return old, found


def _reason(done: Completed) -> str:
    """The first error it told: the last line of pgcopydb is always that it ends its group."""
    for line in done.stderr.splitlines():
        if "ERROR" in line or "error:" in line:
            return line[:300]
    return done.reason


def _scrubbed(text: str, way: Way) -> str:
    for secret in (way.source.password, way.target.password):
        if secret:
            text = text.replace(secret, "…")
    return text
