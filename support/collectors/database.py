"""`database`: how the application's database is, what it is doing, and what its SQLite files are.

Owns the questions, asked as the application itself, read-only and within seconds. Refuses content:
of a statement its constants are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from agent.errors import CaretakerError
from agent.manifest.model import Manifest
from agent.remedies.scene import open_scene
from support.collectors.collector import SOON, Collector, Source
from support.collectors.document import value
from support.collectors.sessions import reading
from support.collectors.stores import stores
from support.scene import Scene

_TIMEOUT = 3.0  # seconds of one statement
# Of other users' sessions nothing is told to the application, not even a state.
_ACTIVITY = """
SELECT pid, usename, application_name, state,
  concat_ws(': ', wait_event_type, wait_event),
  extract(epoch FROM now() - query_start)::float8,
  extract(epoch FROM now() - xact_start)::float8,
  pg_blocking_pids(pid), left(query, 2000), backend_type
FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state IS NOT NULL
ORDER BY xact_start NULLS LAST LIMIT 100
"""
_COLUMNS = ("pid", "user", "application", "state", "wait", "seconds", "transaction_seconds",
            "blocked_by", "query", "kind")  # fmt: skip
# By what the last vacuum counted: pg_total_relation_size() waits for whoever has a table locked.
_TABLES = """
SELECT n.nspname || '.' || c.relname,
  (c.relpages + coalesce(t.relpages, 0) + coalesce((
    SELECT sum(i.relpages) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE x.indrelid IN (c.oid, t.oid)), 0))::bigint * current_setting('block_size')::int,
  s.n_live_tup, s.n_dead_tup,
  extract(epoch FROM greatest(s.last_vacuum, s.last_autovacuum))::float8,
  extract(epoch FROM greatest(s.last_analyze, s.last_autoanalyze))::float8
FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
ORDER BY 2 DESC, 3 DESC LIMIT 25
"""
_TABLE = ("table", "bytes", "rows", "dead_rows", "vacuumed", "analyzed")
_SETTINGS = """
SELECT name, setting || coalesce(' ' || unit, '') FROM pg_settings WHERE name = ANY(%s) ORDER BY 1
"""
_NAMES = (
    "max_connections superuser_reserved_connections shared_buffers work_mem maintenance_work_mem"
    " effective_cache_size wal_level max_wal_size min_wal_size checkpoint_timeout fsync"
    " synchronous_commit full_page_writes autovacuum autovacuum_naptime statement_timeout"
    " lock_timeout idle_in_transaction_session_timeout listen_addresses port ssl"
    " password_encryption log_min_duration_statement logging_collector log_destination"
    " data_checksums server_encoding TimeZone lc_collate archive_mode hot_standby"
    " max_locks_per_transaction temp_file_limit shared_preload_libraries"
)
# What may stand for a person's data in a statement: text, numbers, bytes.
_CONSTANT = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*(?:'|$)|\b\d[\d.]*\b", re.DOTALL)

Ask = Callable[[str, Any], list[tuple[Any, ...]]]


def sources(scene: Scene) -> Iterable[Source]:
    manifest = scene.manifest
    if manifest is None:
        return
    if manifest.stores:
        yield value("database/stores.json", "PRAGMA quick_check", lambda: list(stores(scene)))
    if manifest.database.engine != "postgres" or scene.rescue:
        return
    yield value("database/status.json", "postgres", lambda: _status(scene, manifest))
    rows = (("activity", _activity), ("settings", _settings), ("tables", _tables))
    for name, make in rows:
        yield value(f"database/{name}.json", "postgres", partial(_asked, scene, make))


def _status(scene: Scene, manifest: Manifest) -> object:
    # psycopg takes 60 ms to load; an appliance without PostgreSQL never pays.
    from agent.database.status import status_of

    try:
        return status_of(open_scene(manifest, scene.layout, host=scene.host))
    except CaretakerError as error:
        return {"problem": error.message, "code": error.code, "hint": error.hint}


def _asked(scene: Scene, make: Callable[[Ask], object]) -> object:
    with reading(scene, seconds=_TIMEOUT) as opened:

        def ask(statement: str, given: Any) -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = opened.execute(statement, given).fetchall()
            return found

        return make(ask)


def _activity(ask: Ask) -> object:
    found = [dict(zip(_COLUMNS, row, strict=True)) for row in ask(_ACTIVITY, None)]
    return [{**each, "query": without_constants(str(each["query"] or ""))} for each in found]


def _settings(ask: Ask) -> object:
    return {str(name): text for name, text in ask(_SETTINGS, (_NAMES.split(),))}


def _tables(ask: Ask) -> object:
    return [dict(zip(_TABLE, row, strict=True)) for row in ask(_TABLES, None)]


def without_constants(statement: str) -> str:
    """The statement with `?` for its constants, as pg_stat_statements has `$1`."""
    return _CONSTANT.sub("?", " ".join(statement.split()))[:500]


def guess(scene: Scene) -> int:
    manifest = scene.manifest
    if manifest is None:
        return 0
    asked = 9000 if manifest.database.engine == "postgres" and not scene.rescue else 0
    return asked + 350 * len(manifest.stores)


COLLECTOR = Collector(
    code="database",
    title="database: size, connections, long transactions, settings",
    reads="pg_stat_activity, pg_settings, SQLite files of the manifest",
    sources=sources,
    guess=guess,
    cap=1 << 20,
    priority=SOON,
)
