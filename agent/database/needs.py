"""What the application's database is: what another server must be able to take.

Owns asking a running server. Refuses to judge (`suitability`).
"""

from __future__ import annotations

from msgspec import Struct

from agent.database.reach import Session


class Needs(Struct, frozen=True, kw_only=True):
    """One database as it is. `size` is bytes; `version` as `server_version_num`."""

    name: str
    user: str
    version: int
    encoding: str
    collate: str
    ctype: str
    size: int
    connections: int  # of the application, now
    extensions: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()  # roles besides the application's that own something in it
    grantees: tuple[str, ...] = ()  # roles that were granted something
    foreign: tuple[str, ...] = ()  # what leads to other servers, or is written in C
    unlogged: int = 0

    @property
    def major(self) -> int:
        return self.version // 10000


_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_NOT_OF_EXTENSIONS = (
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'"
    " AND d.classid = 'pg_class'::regclass)"
)
_OWNERS = f"""
SELECT DISTINCT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_roles r ON r.oid = c.relowner
WHERE {_OWN} AND {_NOT_OF_EXTENSIONS} AND r.rolname <> %s ORDER BY 1
"""  # noqa: S608  (constants of this file only)
_GRANTEES = f"""
SELECT DISTINCT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
WHERE {_OWN} AND {_NOT_OF_EXTENSIONS} AND r.rolname <> %s AND r.oid <> c.relowner ORDER BY 1
"""  # noqa: S608  (constants of this file only)
_FOREIGN = f"""
SELECT 'foreign server ' || srvname FROM pg_foreign_server
UNION ALL SELECT 'subscription ' || subname FROM pg_subscription
  WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger t
  WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
UNION ALL SELECT 'function ' || p.oid::regprocedure FROM pg_proc p
  JOIN pg_language l ON l.oid = p.prolang JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE {_OWN} AND NOT l.lanpltrusted AND l.lanname <> 'internal'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""  # noqa: S608  (constants of this file only)
_DATABASE = """
SELECT current_database(), current_setting('server_version_num')::int,
  pg_encoding_to_char(encoding), datcollate, datctype, pg_database_size(oid),
  (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND pid <> pg_backend_pid())
FROM pg_database d WHERE datname = current_database()
"""
_UNLOGGED = f"""
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE relpersistence = 'u' AND relkind = 'r' AND {_OWN}
"""  # noqa: S608  (constants of this file only)


def needs_of(session: Session, user: str) -> Needs:
    """Of the database that the session is in. `user` is the application's role there.

    Raises psycopg.Error.
    """
    row = session.execute(_DATABASE).fetchone()
    assert row is not None
    name, version, encoding, collate, ctype, size, connections = row
    return Needs(
        name=name,
        user=user,
        version=version,
        encoding=encoding,
        collate=collate,
        ctype=ctype,
        size=size,
        connections=connections,
        extensions=_column(session, "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"),
        owners=_column(session, _OWNERS, user),
        grantees=_column(session, _GRANTEES, user),
        foreign=_column(session, _FOREIGN),
        unlogged=session.execute(_UNLOGGED).fetchall()[0][0],
    )


def _column(session: Session, asked: str, *words: str) -> tuple[str, ...]:
    return tuple(row[0] for row in session.execute(asked, words or None).fetchall())
