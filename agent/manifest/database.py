"""What a manifest may say about the application's database.

Owns the keys of `[database]` and the rules between them. Refuses to know where the database is
now: that belongs to the deployment (agent/database/place.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated as A
from typing import Literal

from msgspec import Meta, Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Name, Port

Complaint = tuple[tuple[str, ...], str]

# What needs no quotes in SQL, in a URL or in a file name, with room for the `_g12` of a copy.
_Identifier = Meta(pattern=r"^([a-z_][a-z0-9_]{0,47})?$(?!\n)")


class Database(Struct, frozen=True, kw_only=True):
    """The application's database: what it is, where it is, and how it gets its first content."""

    engine: A[
        Literal["", "postgres"], says("What it is, so that Caretaker may move and clone it.")
    ] = ""
    placement: A[
        Literal["bundled", "external"],
        says("Where setup puts it: on this machine, or where `url` says. `database move` changes."),
    ] = "bundled"
    service: A[str, says("The service that holds it; started before.")] = ""
    folder: A[str, says("The bundled server's files.")] = "{data}/postgres"
    programs: A[
        str, says("Folder of initdb, postgres, pg_dump; empty: beside the service's program.")
    ] = ""
    name: A[str, says("The database."), _Identifier] = ""
    user: A[str, says("Who the application is to it; owns what is in it."), _Identifier] = ""
    password: A[
        str, says("That one's password: `{secret:db}`; empty: over the socket, by who asks.")
    ] = ""
    socket: A[str, says("Folder of the bundled server's socket.")] = "{run}"
    port: A[Port, says("Port of the bundled server, on 127.0.0.1.")] = 5432
    extensions: A[list[str], says("Extensions the application needs.")] = []
    url: A[str, says("Where an external one is at setup: `{setting:database_url}`.")] = ""
    initialise: A[list[str], says("Program that creates the first content.")] = []
    initialised: A[list[str], says("Program that exits 0 once that is done.")] = []


def database_complaints(
    database: Database, commands: Mapping[Name, list[str]], *, url_used: bool
) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message). `commands` by service."""
    if database.service and database.service not in commands:
        options = ", ".join(commands) or "none"
        message = f'"{database.service}" is no declared service (declared: {options})'
        yield ("database", "service"), message
        return
    if not database.engine:
        if url_used:
            yield ("database", "engine"), "{database} is used, so say what it is: postgres"
        return
    for key in ("name", "user"):
        if not getattr(database, key):
            yield ("database", key), "must be given with engine"
    if database.placement == "external" and not database.url:
        yield ("database", "url"), "must be given with an external placement"
    if database.service and not commands[database.service]:
        yield (
            ("database", "service"),
            "must be a service with a command: a unit's files are no part of {data}",
        )
    if not database.service and database.placement == "bundled":
        yield ("database", "service"), "must be given: the service that runs the bundled server"
    if not database.folder.startswith("{data}/") or ".." in database.folder.split("/"):
        yield ("database", "folder"), "must lie below {data}, so that it is cloned with it"
