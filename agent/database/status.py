"""How the application's database is: where, which, how large, how busy.

Owns asking it. Refuses to show any password.
"""

from __future__ import annotations

import psycopg
from msgspec import Struct

from agent.database.fence import is_fenced
from agent.database.live import live, place_in_use, refuse_without, url_in_use, whole_manifest
from agent.database.reach import failed
from agent.remedies.remedy import Scene

_ASKED = """
SELECT current_database(), current_user, current_setting('server_version'),
  pg_database_size(current_database()), current_setting('max_connections')::int,
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
  coalesce((SELECT extract(epoch FROM max(now() - xact_start)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()), 0)::float8,
  pg_is_in_recovery(),
  (SELECT max(extract(epoch FROM replay_lag))::float8 FROM pg_stat_replication)
"""


class Status(Struct, frozen=True, kw_only=True):
    """The whole of it. Sizes are bytes, times seconds; `lag` None: nothing copies from it."""

    placement: str
    address: str
    name: str
    user: str
    version: str
    size: int
    connections: int
    connections_max: int
    ours: int
    extensions: tuple[str, ...]
    encrypted: bool
    standby: bool
    fenced: bool
    oldest_transaction: float
    lag: float | None = None


def status_of(scene: Scene) -> Status:
    """Ask it, as the application. Raises CaretakerError."""
    refuse_without(whole_manifest(scene))
    place = place_in_use(scene)
    with live(scene) as opened:
        try:
            row = opened.execute(_ASKED).fetchall()[0]
            extensions = opened.execute("SELECT extname FROM pg_extension ORDER BY 1").fetchall()
            fenced = is_fenced(opened, row[0])
        except psycopg.Error as error:
            raise failed(place, "it could not be asked", error) from error
        encrypted = opened.pgconn.ssl_in_use
    return Status(
        placement="external" if url_in_use(scene.layout) else "bundled",
        address=place.address,
        name=row[0],
        user=row[1],
        version=row[2],
        size=row[3],
        connections_max=row[4],
        connections=row[5],
        ours=row[6],
        oldest_transaction=row[7],
        standby=row[8],
        lag=row[9],
        extensions=tuple(each[0] for each in extensions),
        encrypted=encrypted,
        fenced=fenced,
    )
