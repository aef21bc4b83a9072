"""What a manifest may say about mending and housekeeping: locks, paths, remedies, tasks.

Owns the keys of those tables with their defaults and help. Refuses behaviour: it stands in
agent/remedies and agent/housekeeping.
"""

from __future__ import annotations

from typing import Annotated as A
from typing import Literal

from msgspec import Meta, Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Argv, Duration, Name, Size


class Lock(Struct, frozen=True, kw_only=True):
    """A lock file of the application, so that one left over from a dead process can go."""

    path: A[str, says("The file: `{run}/db.pid`, `{data}/.lock`.")]
    kind: A[
        Literal["flock", "fcntl", "pidfile", "exists", "postgres"],
        says("How it is held; `postgres` is a postmaster.pid."),
    ]
    service: A[Name, says("The service that takes it; stopped while a stale one is put aside.")]
    executable: A[str, says("What the holder runs, to tell it from who got its number.")] = ""
    older_than: A[Duration, says("Kind `exists`: older than this nobody holds it any more.")] = (
        Duration(3600)
    )
    protects: A[
        list[str], says("Files and folders it guards: open in any process means alive.")
    ] = []


class OwnedPath(Struct, frozen=True, kw_only=True):
    """A folder or file that must stand with this owner and mode; mended when it does not."""

    path: A[str, says("Where: `{data}/uploads`, `{run}/queue`.")]
    type: A[Literal["folder", "file"], says("A missing folder is made; a file never is.")] = (
        "folder"
    )
    user: A[str, says("Owner; the appliance's own user where left out.")] = ""
    group: A[str, says("Group; the user's own where left out.")] = ""
    mode: A[str, says("Permissions, in octal."), Meta(pattern=r"^0?[0-7]{3}$(?!\n)")] = "0750"


class DeclaredRemedy(Struct, frozen=True, kw_only=True):
    """A remedy of the vendor's own: findings, a program that cures them, and limits."""

    title: A[str, says("Words for people.")] = ""
    checks: A[list[Name], says("Checks whose failure it cures."), Meta(min_length=1)]
    codes: A[list[str], says("Only these findings of theirs (`lock-stale`); empty: any.")] = []
    command: A[Argv, says("Program that cures; exit status 0 is done.")]
    user: A[str, says("Who runs it; the appliance's own user where left out.")] = ""
    timeout: A[Duration, says("Longest it may take; then its whole process group ends.")] = (
        Duration(60)
    )
    verify: A[
        list[str], says("Program that exits 0 once it is cured; empty: the checks themselves.")
    ] = []
    attempts: A[int, says("Times within `window`; then safe mode."), Meta(ge=1, le=100)] = 3
    window: A[Duration, says("Time in which attempts are counted.")] = Duration(3600)
    unasked: A[bool, says("Runs by itself; else only when a person runs it.")] = True
    undo: A[str, says("How a person takes it back, in words.")] = ""


class Remediation(Struct, frozen=True, kw_only=True):
    """Which remedies run by themselves."""

    off: A[list[str], says("Remedies that never run unasked; `caretaker remedies list`.")] = []
    restarts: A[
        int, says("Restarts of a service within `window` before it is left stopped."), Meta(ge=1)
    ] = 10
    window: A[Duration, says("Time in which those restarts are counted.")] = Duration(1800)
    disk_warn: A[
        float,
        says("Percent used, of bytes or inodes, at which safe tasks make room."),
        Meta(gt=0, lt=100),
    ] = 85.0


class Schedule(Struct, frozen=True, kw_only=True):
    """When a task runs. One declaration for a systemd timer and for the embedded scheduler."""

    calendar: A[str, says("A calendar expression of systemd.time(7): `daily`, `*-*-* 03:30`.")]
    jitter: A[Duration, says("Spread over this much time, the same on each run.")] = Duration(0)
    persistent: A[bool, says("One run missed while the machine was off is made up for.")] = True


class Task(Schedule, frozen=True, kw_only=True):
    """A housekeeping task of the vendor's own."""

    title: A[str, says("Words for people.")] = ""
    command: A[Argv, says("Program to run; exit status 0 is done.")]
    user: A[str, says("Who runs it; the appliance's own user where left out.")] = ""
    timeout: A[Duration, says("Longest it may take; then its whole process group ends.")] = (
        Duration(3600)
    )
    frees: A[bool, says("It makes room and harms nothing: the disk remedy may run it.")] = False


class Override(Struct, frozen=True, kw_only=True):
    """Another schedule for one of Caretaker's own tasks; empty keeps what it has."""

    calendar: A[str, says("Another calendar expression; empty: its own.")] = ""
    off: A[bool, says("Never run by itself.")] = False


class Purge(Struct, frozen=True, kw_only=True):
    """A folder in which old files may go."""

    path: A[str, says("The folder: `{data}/tmp`.")]
    older_than: A[Duration, says("Age from which a file may go, by its last change.")]
    names: A[list[str], says("Only files of these names: `*.tmp`; empty: all.")] = []
    folders: A[bool, says("Empty folders below go too, once as old.")] = True


class LogFiles(Struct, frozen=True, kw_only=True):
    """Log files the application writes by itself, to be rotated."""

    files: A[list[str], says("Paths, with wildcards in the last part."), Meta(min_length=1)]
    size: A[Size, says("Rotate one that is larger than this.")] = Size(20 << 20)
    every: A[Duration, says("Or older than this; 0s: by size only.")] = Duration(86400)
    keep: A[int, says("Rotated ones kept."), Meta(ge=1, le=1000)] = 7
    compress: A[bool, says("Rotated ones are compressed, all but the newest.")] = True
    how: A[
        Literal["copy-truncate", "reload"],
        says("`reload`: renamed, then the service is told to open a new one."),
    ] = "copy-truncate"
    service: A[str, says("The service that writes them, for `reload`.")] = ""


class Housekeeping(Struct, frozen=True, kw_only=True):
    """How the machine is kept tidy."""

    own: A[dict[Name, Override], says("Schedules of Caretaker's own tasks, by name.")] = {}
    journal: A[Size, says("Most the journal may keep.")] = Size(500 << 20)
    journal_age: A[Duration, says("And for at most this long.")] = Duration(30 * 86400)
    releases: A[int, says("Unused releases kept, besides the running one."), Meta(ge=1)] = 2
    generations: A[
        Duration, says("Generations of data that no deployment names are kept this long.")
    ] = Duration(14 * 86400)
    bundles: A[Duration, says("Support bundles are kept this long.")] = Duration(30 * 86400)
    sqlite: A[list[str], says("SQLite files of the application to keep in shape.")] = []
    vacuum: A[list[str], says("Program that keeps its database in shape, run weekly.")] = []
    vacuum_user: A[str, says("Who runs that; the appliance's own user where left out.")] = ""
