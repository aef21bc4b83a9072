"""Where a migration works: a clone of the data, its stores, and what its programs are told.

Owns the contract of the environment (docs/reference/migrations.md) and the cell that every step
runs in: the user that owns the data, who can write to the clone and nowhere else. Refuses the live
data, root's rights, and to show a secret in what a program said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from agent.change.change import Draft
from agent.database.temporary import running
from agent.deployment import Deployments
from agent.errors import CaretakerError, MachineError
from agent.host import users
from agent.host.cell import PROGRESS, Cell
from agent.manifest.placeholders import Values, expand
from agent.migrations.stores import DATABASE, FILES, kinds_of
from agent.release.record import StoreKind
from agent.release.staged import migrations_folder
from agent.remedies.remedy import Scene

CURSOR = ".caretaker/cursor"  # below the data folder
SLICE = "caretaker-migration.slice"
_SHORTEST_SECRET = 4  # characters; blotting out shorter ones would only garble the words


@dataclass(frozen=True, slots=True)
class Store:
    """One store of the clone. `path` is the data folder or the SQLite file; none of PostgreSQL."""

    name: str
    kind: StoreKind
    path: Path | None


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that a step needs. `secrets` are blotted out of whatever is shown.

    `unfenced` is filled by the first step that found no namespaces: why.
    """

    scene: Scene
    data: Path
    scripts: Path
    stores: tuple[Store, ...]
    environment: dict[str, str] = field(repr=False)
    cell: Cell
    secrets: tuple[str, ...] = field(repr=False)
    unfenced: set[str] = field(default_factory=set)

    def store(self, name: str) -> Store:
        return next(store for store in self.stores if store.name == name)


@contextmanager
def opened(draft: Draft, release: Path, database_url: str) -> Iterator[Bench]:
    """The bench of a draft, whose data is a clone by now; a bundled database runs meanwhile.

    `database_url` is of the clone of an external database. Without one the bench has no store
    `database`. Raises CaretakerError.
    """
    scene = draft.scene
    kinds = kinds_of(scene.manifest)
    if DATABASE not in kinds:
        yield _bench(draft, release, "", (), network=False)
    elif in_use := Deployments(scene.layout, scene.host.clock).database_url(draft.before.number):
        # The one in use is never worked on, nor shown to a program: it was not cloned then.
        clone = "" if database_url == in_use else database_url
        yield _bench(draft, release, clone, (), network=bool(clone))
    elif database_url:
        yield _bench(draft, release, database_url, (), network=True)
    else:
        # Without fsync: whoever made the draft flushes all of it before it is named anywhere.
        with running(scene, copied=True, durable=False) as server:
            yield _bench(draft, release, server.url(), (server.socket,), network=False)


def _bench(
    draft: Draft, release: Path, url: str, sockets: tuple[Path, ...], *, network: bool
) -> Bench:
    scene, data = draft.scene, draft.data
    stores = [
        Store(FILES, "files", data),
        *(
            Store(name, "sqlite", Path(expand(spec.path, scene.values)))
            for name, spec in scene.manifest.stores.items()
        ),
        *([Store(DATABASE, "postgres", None)] if url else []),
    ]
    for store in stores:
        if store.path is not None and not store.path.is_relative_to(data):
            raise MachineError(
                "migration-failed",
                f"the store {store.name} is {store.path}, which is not below {{data}}",
                hint="caretaker manifest check",
            )
    return Bench(
        scene=scene,
        data=data,
        scripts=migrations_folder(release),
        stores=tuple(stores),
        environment=environment(data, release, tuple(stores), url),
        cell=Cell(
            writable=(data,),
            kept=(release, *(sockets or _socket_of(url))),
            shut=(scene.layout.generations,),  # The data in use is among them.
            user=user_for(scene, data),
            network=network,
        ),
        secrets=_secrets(scene, url),
    )


def _socket_of(url: str) -> tuple[Path, ...]:
    """The folder of the socket of a server that is reached through one, or of its proxy."""
    try:
        hosts = parse_qs(urlsplit(url).query).get("host", [])
    except ValueError:
        return ()
    return tuple(Path(host) for host in hosts if host.startswith("/") and Path(host).is_dir())


def environment(data: Path, release: Path, stores: tuple[Store, ...], url: str) -> dict[str, str]:
    """What a vendor's program finds besides PATH and the locale."""
    found = {
        "HOME": str(data),
        "CARETAKER_DATA": str(data),
        "CARETAKER_RELEASE": str(release),
        "CARETAKER_PROGRESS": str(PROGRESS),
        "CARETAKER_CURSOR": str(data / CURSOR),
    }
    for store in stores:
        if store.kind == "sqlite":
            word = store.name.upper().replace("-", "_")
            found[f"CARETAKER_STORE_{word}"] = str(store.path)
    if url:
        found["CARETAKER_DATABASE_URL"] = url
    return found


def user_for(scene: Scene, data: Path) -> str:
    """Who owns the data, and so runs the migrations. Raises MachineError where that is root.

    Below a root of its own nobody made the application a user, and its services are ours too.
    """
    uid = data.stat().st_uid
    name = users.name_of(uid)
    if uid != 0 and name:
        return name
    if scene.layout.embedded:
        return ""
    raise MachineError(
        "migration-failed",
        f"{data} belongs to {name or f'uid {uid}'}, and migrations run as the application's user",
        hint="caretaker remedies run paths",
    )


def _secrets(scene: Scene, url: str) -> tuple[str, ...]:
    found = [url, _password(url)] if url else []
    for name in scene.manifest.secrets:
        found.append(_secret(scene.values, name))
    return tuple(each for each in found if len(each) >= _SHORTEST_SECRET)


def _password(url: str) -> str:
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


def _secret(values: Values, name: str) -> str:
    try:
        return values.named["secret"](name)
    except CaretakerError:
        return ""  # It was never made on this instance, so nothing can show it.
