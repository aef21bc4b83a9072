"""The database that the application uses now: where it is, and sessions in it.

Owns getting in as the application itself does. Refuses to start a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from agent.database.place import bundled_url, recorded
from agent.database.reach import Place, Session, place_of, session, words_of
from agent.deployment import Deployments
from agent.errors import MachineError, ManifestError
from agent.host.becoming import becoming
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.remedies.remedy import Scene


def whole_manifest(scene: Scene) -> Manifest:
    """The manifest with the bundled server, wherever the database is. CaretakerError."""
    deployments = Deployments(scene.layout, scene.host.clock)
    active = deployments.active()
    try:
        text = deployments.manifest(active.number) if active else None
        if text is None:
            text = scene.layout.manifest.read_bytes()
    except (FileFailure, OSError) as failure:
        raise MachineError(
            "file-unreadable", str(failure), hint="run it as root, or see who owns the file"
        ) from failure
    return parse(text.decode(), file=str(scene.layout.manifest))


def refuse_without(manifest: Manifest) -> None:
    """Raises ManifestError where no database is declared."""
    if not manifest.database.engine:
        raise ManifestError(
            "manifest-value",
            "the manifest declares no database (database.engine)",
            hint="caretaker manifest explain database",
        )


def url_in_use(layout: Layout) -> str:
    """The URL of the external database; empty: it is bundled. Raises MachineError."""
    return recorded(layout.active)


def place_in_use(scene: Scene) -> Place:
    """Where the application's database is. CaretakerError."""
    url = url_in_use(scene.layout)
    return place_of(url or bundled_url(whole_manifest(scene), scene.values))


@contextmanager
def live(scene: Scene) -> Iterator[Session]:
    """A session in it, as the application. Raises MachineError where there is none to be had."""
    place = place_in_use(scene)
    # Over the socket the server may go by who asks.
    local = place.facts.get("host", "").startswith("/") and not scene.layout.embedded
    user = scene.manifest.appliance.name if local else ""
    opened = session(place)
    try:
        with becoming(user):
            inside = opened.__enter__()
    except psycopg.Error as error:
        message = f"the database at {place.address} can't be asked: {words_of(error, place)}"
        raise MachineError("database-failed", message, hint="caretaker status") from error
    except KeyError as error:
        message = f"there is no user {user} on this machine"
        raise MachineError("database-failed", message, hint="caretaker status") from error
    try:
        yield inside
    finally:
        opened.__exit__(None, None, None)
