"""Whether a server elsewhere can take the application's database: every reason why not, at once.

Each finding says what was seen and, where it is no pass, what its administrator must do. Asked
before anything stops. What is only tried is rolled back.

Owns the judgement. Refuses to make anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import psycopg
from msgspec import Struct
from psycopg import sql

from agent.database import ours
from agent.database.needs import Needs
from agent.database.reach import Place, Session, is_here, session, words_of
from agent.errors import MachineError
from agent.manifest.model import Manifest

CONNECTIONS = 10  # that the application may need at least, besides what it uses now
OLDEST = 12
Status = Literal["pass", "warn", "fail"]


class Finding(Struct, frozen=True):
    """One thing that was looked at. `cure` is for the server's administrator."""

    name: str
    status: Status
    summary: str
    cure: str = ""


class Suitable(Struct, frozen=True):
    """All of them. `may_create`: the copy gets a database of its own."""

    findings: tuple[Finding, ...]
    may_create: bool = False

    @property
    def ok(self) -> bool:
        return all(each.status != "fail" for each in self.findings)

    def refuse_unsuitable(self, place: Place) -> None:
        """Raises MachineError `database-unsuitable` with every reason."""
        bad = [each for each in self.findings if each.status == "fail"]
        if bad:
            reasons = "; ".join(each.summary for each in bad)
            message = f"{place.address} can't take the database: {reasons}"
            cure = "; ".join(dict.fromkeys(each.cure for each in bad if each.cure))
            raise MachineError("database-unsuitable", message, hint=cure)


def judge(place: Place, needs: Needs, manifest: Manifest) -> Suitable:
    """Everything about it. Never raises for what the server says."""
    try:
        door = _door(place)
        with session(place.named(door)) as opened:
            return _judge(opened, place, door, needs, manifest)
    except psycopg.Error as error:
        return Suitable((_unreachable(place, error),))


def _door(place: Place) -> str:
    """The database that is named, or the usual one where that is not there yet."""
    try:
        with session(place):
            return place.name
    except psycopg.OperationalError as error:
        try:
            with session(place.named("postgres")) as opened:
                asked = "SELECT 1 FROM pg_database WHERE datname = %s"
                if opened.execute(asked, (place.name,)).fetchone() is None:
                    return "postgres"
        except psycopg.Error:
            pass
        raise error from None


def _judge(opened: Session, place: Place, door: str, needs: Needs, manifest: Manifest) -> Suitable:
    rights = opened.execute(
        "SELECT rolsuper, rolcreatedb OR rolsuper, rolconnlimit FROM pg_roles"
        " WHERE rolname = current_user"
    ).fetchall()[0]
    is_super, may_create, limit = rights
    there = door == place.name
    findings = [
        _encrypted(opened, place),
        *_version(opened.info.server_version // 10000, needs),
        *_writable(opened, place),
        _space_for_copies(may_create=may_create, there=there, place=place),
        *_named_one(opened, place, needs, there=there, may_create=may_create),
        *_locale(opened, needs, may_create=may_create),
        *_extensions(opened, needs, manifest),
        _connections(opened, needs, limit),
        *_left_behind(needs, place, is_super=is_super),
        Finding("size", "pass", f"the database takes {needs.size >> 20} MiB now"),
    ]
    return Suitable(tuple(findings), may_create)


def _unreachable(place: Place, error: psycopg.Error) -> Finding:
    words = words_of(error, place)
    low = words.lower()
    cure = f"open the way to {place.server} from this machine, and see that the server runs"
    name = "reachable"
    if "certificate verify failed" in low or "does not match host name" in low:
        name, cure = "tls", "name the server as its certificate does, and give --ca FILE"
    elif "root certificate file" in low:
        name, cure = "tls", "give the file with the server's authority: --ca FILE"
    elif "does not support ssl" in low:
        name, cure = "tls", "turn TLS on: ssl = on in postgresql.conf"
    elif "no pg_hba.conf entry" in low:
        name, cure = "login", "let this machine's address in: a hostssl line in pg_hba.conf"
    elif "password authentication failed" in low or "no password supplied" in low:
        name, cure = "login", f"give the right password for {place.user} in the URL"
    elif "does not exist" in low:
        name, cure = "login", f"CREATE ROLE {place.user} LOGIN CREATEDB PASSWORD '…'"
    elif "too many" in low or "remaining connection slots" in low:
        name, cure = "connections", "raise max_connections"
    elif "permission denied for database" in low:
        name, cure = "login", f"GRANT CONNECT ON DATABASE {place.name} TO {place.user}"
    return Finding(name, "fail", f"{place.server} can't be used: {words}", cure)


def _encrypted(opened: Session, place: Place) -> Finding:
    if opened.pgconn.ssl_in_use:
        return Finding("tls", "pass", "reached by TLS, and its certificate was verified")
    if is_here(place.facts.get("host", "")):
        return Finding("tls", "pass", "on this machine, so nothing crosses a network")
    return Finding("tls", "fail", "reached without TLS", "turn TLS on: ssl = on")


def _version(major: int, needs: Needs) -> Iterator[Finding]:
    told = f"PostgreSQL {major} there, {needs.major} here"
    if major < needs.major:
        yield Finding(
            "version", "fail", f"{told}: an older server does not take a newer database",
            f"offer PostgreSQL {needs.major} or later",
        )  # fmt: skip
    elif major > needs.major:
        yield Finding(
            "version", "warn", f"{told}: it can't be moved back to this machine",
            f"offer PostgreSQL {needs.major} to keep that way open",
        )  # fmt: skip
    else:
        yield Finding("version", "pass", told)


def _writable(opened: Session, place: Place) -> Iterator[Finding]:
    row = opened.execute(
        "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'"
    ).fetchall()[0]
    if row[0]:
        yield Finding(
            "writable", "fail", f"{place.server} is a standby", "name the primary's address"
        )
    elif row[1]:
        yield Finding(
            "writable", "fail", f"{place.address} is read-only",
            f"ALTER DATABASE {place.name} RESET default_transaction_read_only",
        )  # fmt: skip
    else:
        yield Finding("writable", "pass", "takes writes")


def _space_for_copies(*, may_create: bool, there: bool, place: Place) -> Finding:
    grant = f"ALTER ROLE {place.user} CREATEDB"
    if may_create:
        return Finding("create", "pass", f"{place.user} may create databases")
    if there:
        return Finding(
            "create", "warn", f"{place.user} may not create databases: upgrades can't copy it",
            grant,
        )  # fmt: skip
    return Finding(
        "create", "fail", f"there is no database {place.name}, and {place.user} may create none",
        grant,
    )  # fmt: skip


def _named_one(
    opened: Session, place: Place, needs: Needs, *, there: bool, may_create: bool
) -> Iterator[Finding]:
    """The database that the URL names, where it is the one that will be filled."""
    if not there or may_create:
        return
    empty = ours.is_empty(place)
    if not empty and ours.mark_in(opened, place.name) is None:
        yield Finding(
            "empty", "fail", f"{place.address} is not empty", "name an empty database, or none"
        )
    row = opened.execute(
        "SELECT pg_encoding_to_char(encoding), datcollate, pg_get_userbyid(datdba), datconnlimit"
        " FROM pg_database WHERE datname = current_database()"
    ).fetchall()[0]
    if row[0] != needs.encoding:
        yield Finding(
            "encoding", "fail", f"{place.name} is in {row[0]}, and ours in {needs.encoding}",
            f"CREATE DATABASE {place.name} TEMPLATE template0 ENCODING '{needs.encoding}'",
        )  # fmt: skip
    if row[1] != needs.collate:
        yield Finding(
            "collation", "warn", f"{place.name} sorts as {row[1]}, and ours as {needs.collate}",
            f"create it with LC_COLLATE '{needs.collate}'",
        )  # fmt: skip
    if row[2] != place.user:
        yield Finding(
            "owner", "fail", f"{place.name} belongs to {row[2]}",
            f"ALTER DATABASE {place.name} OWNER TO {place.user}",
        )  # fmt: skip


def _locale(opened: Session, needs: Needs, *, may_create: bool) -> Iterator[Finding]:
    """A new database can only have a locale that the server's system has."""
    if not may_create or needs.collate in ("C", "POSIX"):
        return
    row = opened.execute(
        "SELECT EXISTS (SELECT 1 FROM pg_collation WHERE collcollate = %(name)s)"
        " OR EXISTS (SELECT 1 FROM pg_database WHERE datcollate = %(name)s)",
        {"name": needs.collate},
    ).fetchall()[0]
    if row[0]:
        yield Finding("collation", "pass", f"sorts as {needs.collate} too")
    else:
        yield Finding(
            "collation", "fail", f"the server's system has no locale {needs.collate}",
            f"install it, or create a database with ENCODING '{needs.encoding}' and name that one",
        )  # fmt: skip


def _extensions(opened: Session, needs: Needs, manifest: Manifest) -> Iterator[Finding]:
    for name in dict.fromkeys((*needs.extensions, *manifest.database.extensions)):
        why = _why_no_extension(opened, name)
        if why:
            cure = f"offer it, or create it in the database: CREATE EXTENSION {name}"
            yield Finding("extension", "fail", f"extension {name}: {why}", cure)
        else:
            yield Finding("extension", "pass", f"extension {name} is offered")


def _why_no_extension(opened: Session, name: str) -> str:
    """Tried, and rolled back: whether a role may is each provider's own rule."""
    try:
        with opened.transaction(force_rollback=True):
            text = sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE")
            opened.execute(text.format(sql.Identifier(name)))
    except psycopg.Error as error:
        if error.sqlstate == "42501" and _may_in_own(opened, name):
            return ""  # Not in the database we happen to be in; in one of our own it may.
        return words_of(error)
    return ""


def _may_in_own(opened: Session, name: str) -> bool:
    asked = """SELECT trusted FROM pg_available_extension_versions v JOIN pg_available_extensions e
        ON e.name = v.name AND e.default_version = v.version WHERE v.name = %s
        AND (SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user)"""
    row = opened.execute(asked, (name,)).fetchone()
    return bool(row and row[0])


def _connections(opened: Session, needs: Needs, limit: int) -> Finding:
    row = opened.execute(
        "SELECT current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
        " - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
    ).fetchall()[0]
    free = min(int(row[0]), limit) if limit >= 0 else int(row[0])
    wanted = max(CONNECTIONS, needs.connections + 2)
    told = f"{free} connections free, {wanted} wanted"
    if free >= wanted:
        return Finding("connections", "pass", told)
    cure = "raise max_connections, or the role's: ALTER ROLE … CONNECTION LIMIT -1"
    return Finding("connections", "fail", told, cure)


def _left_behind(needs: Needs, place: Place, *, is_super: bool) -> Iterator[Finding]:
    """What is not carried over, so nobody finds out later."""
    for each in () if is_super else needs.foreign:
        yield Finding(
            "content", "fail", f"the database holds what only a superuser may make: {each}",
            "drop it first, or make it by hand afterwards",
        )  # fmt: skip
    if needs.owners:
        yield Finding(
            "owners", "warn",
            f"what {', '.join(needs.owners[:5])} own here belongs to {place.user} there",
        )  # fmt: skip
    if needs.grantees:
        yield Finding(
            "grants", "warn", f"rights of {', '.join(needs.grantees[:5])} are not carried over",
            "grant them again after the move",
        )  # fmt: skip
