"""Databases that Caretaker made on a server elsewhere: named, marked, found again, dropped.

Each carries a mark in its comment: which appliance on which machine made it, and for what. Only
what carries this machine's mark is ever dropped, and an empty database is taken over only if its
name is the one we were about to use: a run may have been killed between making and marking.

Owns names and marks. Refuses to fill one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import msgspec
import psycopg
from psycopg import sql

from agent.database.reach import Place, Session, failed, session, told
from agent.errors import MachineError
from agent.remedies.remedy import Scene

_MARK = "caretaker: "
_SUFFIX = re.compile(r"_g\d+(_\d+)?$")
_LONGEST = 63  # bytes of a name (NAMEDATALEN)


class Mark(msgspec.Struct, frozen=True):
    """What the comment says. `machine` is a digest: machine-id(5) is not to be handed about."""

    app: str
    machine: str
    made: str = "copy"


@dataclass(frozen=True, slots=True)
class Marked:
    """One that carries our mark."""

    name: str
    oid: int


def mark_of(scene: Scene) -> Mark:
    """This appliance's mark on this machine."""
    told_by = scene.host.facts.machine_id()
    return Mark(
        app=scene.manifest.appliance.name,
        machine=hashlib.sha256(b"caretaker database" + told_by).hexdigest()[:16],
    )


def stem_of(name: str) -> str:
    """The name without the `_g12` that a copy has."""
    return _SUFFIX.sub("", name)


def next_name(place: Place, number: int, mark: Mark, keep: set[str]) -> str:
    """The name of the copy for a deployment: free, or left by a run of ours that was killed.

    `keep` are names that deployments use. Raises psycopg.Error.
    """
    with session(place) as opened:
        for attempt in range(1, 100):
            more = f"_g{number}" + (f"_{attempt}" if attempt > 1 else "")
            name = stem_of(place.name)[: _LONGEST - len(more)] + more
            if name in keep:
                continue
            if not _exists(opened, name) or mark_in(opened, name) == mark:
                return name
            if _owned(opened, name) and is_empty(place.named(name)):
                return name
    raise MachineError(
        "database-unsuitable",
        f"{place.server} has a database of every name that was tried, up to {name}",
        hint="drop those that nobody needs",
    )


def marked(opened: Session, mark: Mark) -> list[Marked]:
    """Every database of the server that carries the mark. Raises psycopg.Error."""
    asked = "SELECT datname, oid::bigint FROM pg_database WHERE NOT datistemplate ORDER BY 1"
    rows = opened.execute(asked).fetchall()
    return [Marked(name, oid) for name, oid in rows if mark_in(opened, name) == mark]


def mark_in(opened: Session, name: str) -> Mark | None:
    """The mark of a database; None where it has none. Raises psycopg.Error."""
    asked = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    row = opened.execute(asked, (name,)).fetchone()
    text = (row[0] if row else None) or ""
    if not text.startswith(_MARK):
        return None
    try:
        return msgspec.json.decode(text.removeprefix(_MARK), type=Mark)
    except msgspec.MsgspecError:
        return None


def set_mark(opened: Session, name: str, mark: Mark) -> None:
    text = _MARK + msgspec.json.encode(mark).decode()
    opened.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), text))


def drop(opened: Session, name: str, mark: Mark) -> bool:
    """Drop a database that carries the mark, sessions in it and all; True if it was there.

    Raises psycopg.Error, and MachineError where it is not ours.
    """
    if not _exists(opened, name):
        return False
    if mark_in(opened, name) != mark:
        raise MachineError(
            "refused", f"the database {name} does not carry this appliance's mark, so it stays"
        )
    opened.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    return True


def make(place: Place, like: Place | None, mark: Mark, *, locale: tuple[str, str, str]) -> None:
    """Make the database anew: what an interrupted run of ours left under the name goes first.

    `like`: as a copy of another one on the server, in which nobody may be; then `locale`
    (encoding, collation, character type) is that one's. Raises MachineError.
    """
    maintenance = like or place
    door = maintenance.named(door_name(maintenance))
    with told(place, "the database could not be made"), session(door) as opened:
        name = sql.Identifier(place.name)
        if mark_in(opened, place.name) == mark:
            drop(opened, place.name, mark)
        if not _exists(opened, place.name):
            opened.execute(_create(name, like, locale))
        set_mark(opened, place.name, mark)


def make_empty(place: Place, mark: Mark) -> None:
    """Take an empty database over, or empty one that an interrupted run of ours began to fill.

    For roles that may make no databases. Raises MachineError.
    """
    with told(place, "the database could not be taken over"), session(place) as opened:
        if mark_in(opened, place.name) == mark:
            opened.execute("DROP OWNED BY CURRENT_USER")
        elif not is_empty(place):
            raise MachineError(
                "database-unsuitable", f"the database {place.address} is not empty",
                hint="name one that is",
            )  # fmt: skip
        set_mark(opened, place.name, mark)


def _create(name: sql.Identifier, like: Place | None, locale: tuple[str, str, str]) -> sql.Composed:
    if like is not None:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        return made.format(name, sql.Identifier(like.name))
    text = "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}"
    return sql.SQL(text).format(name, *locale)


def door_name(place: Place) -> str:
    """A database of the server that may be entered while others are made: the usual ones, or the
    one that the URL names. Raises MachineError."""
    last: psycopg.Error | None = None
    for name in dict.fromkeys(("postgres", stem_of(place.name), place.name, "template1")):
        try:
            with session(place.named(name)):
                return name
        except psycopg.OperationalError as error:
            last = error
    assert last is not None
    raise failed(place, "there is no way in", last)


def is_empty(place: Place) -> bool:
    """Whether there is nothing of anybody's in it. Raises psycopg.Error."""
    asked = """
    SELECT NOT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS
      (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
    AND NOT EXISTS (SELECT 1 FROM pg_largeobject_metadata)
    AND NOT EXISTS (SELECT 1 FROM pg_namespace n WHERE nspname !~ '^pg_'
      AND nspname NOT IN ('information_schema', 'public') AND NOT EXISTS
      (SELECT 1 FROM pg_depend d WHERE d.objid = n.oid AND d.deptype = 'e'))
    """
    with session(place) as opened:
        return bool(opened.execute(asked).fetchall()[0][0])


def _exists(opened: Session, name: str) -> bool:
    asked = "SELECT 1 FROM pg_database WHERE datname = %s"
    return opened.execute(asked, (name,)).fetchone() is not None


def _owned(opened: Session, name: str) -> bool:
    asked = "SELECT pg_get_userbyid(datdba) = current_user FROM pg_database WHERE datname = %s"
    row = opened.execute(asked, (name,)).fetchone()
    return bool(row and row[0])
