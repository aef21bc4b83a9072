"""Patroni's real REST server with its state stubbed, on its cheapest path: /liveness.

That path asks no database, so the driver is stubbed too: nobody needs libpq to run a bench.
"""

from __future__ import annotations

import sys
import threading
import time
from types import ModuleType, SimpleNamespace
from typing import Any, cast


def driver() -> dict[str, ModuleType]:
    """psycopg2 as far as importing it goes."""
    psycopg2, extensions = ModuleType("psycopg2"), ModuleType("psycopg2.extensions")
    vars(psycopg2).update(
        __version__="2.9.9",
        connect=None,
        DatabaseError=Exception,
        Error=Exception,
        OperationalError=Exception,
        ProgrammingError=Exception,
    )
    vars(extensions).update(adapt=None, parse_dsn=None, quote_ident=None)
    return {"psycopg2": psycopg2, "psycopg2.extensions": extensions}


sys.modules.update(driver())

from patroni.api import RestApiServer  # type: ignore[import-untyped] # noqa: E402 (after the stub; no types)
from patroni.postgresql.misc import PostgresqlRole  # type: ignore[import-untyped] # noqa: E402


def main() -> None:
    patroni = SimpleNamespace(
        postgresql=SimpleNamespace(
            role=PostgresqlRole.PRIMARY,
            is_running=lambda: True,
            connection_pool=SimpleNamespace(get=lambda *_: None),
        ),
        dcs=SimpleNamespace(ttl=30),
        ha=SimpleNamespace(is_paused=lambda: False),
        next_run=time.time() + 86400,
    )
    address = f"127.0.0.1:{sys.argv[1]}"
    server = RestApiServer(cast(Any, patroni), {"listen": address, "connect_address": address})
    server.start()
    threading.Event().wait()


main()
