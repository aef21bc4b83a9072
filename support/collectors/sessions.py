"""Sessions in the application's database for collectors: read-only, each statement bounded.

Owns getting in, as the application itself does. Refuses to tell what the server said beyond its
error's code: its words may repeat a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from agent.remedies.scene import open_scene
from support.scene import Scene


@contextmanager
def reading(scene: Scene, *, seconds: float) -> Iterator[Any]:
    """A psycopg connection; a statement ends after so many seconds. HostFailure."""
    # psycopg takes 60 ms to load; an appliance without PostgreSQL never pays.
    import psycopg

    from agent.database.live import live

    assert scene.manifest is not None
    try:
        inside = open_scene(scene.manifest, scene.layout, host=scene.host)
        with live(inside) as opened:
            for name, setting in (
                ("default_transaction_read_only", "on"),
                ("statement_timeout", f"{round(seconds * 1000)}ms"),
                ("lock_timeout", "2s"),
                ("search_path", "public, pg_catalog"),
            ):
                opened.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, setting))
            yield opened
    except psycopg.Error as error:
        what = f"{type(error).__name__} {error.sqlstate or ''}".strip()
        raise HostFailure(f"the database said {what}") from None
    except CaretakerError as error:
        raise HostFailure(error.message) from error
