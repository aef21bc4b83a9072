"""PostgreSQL's programs on this machine, and who runs them.

Owns finding the folder that fits a data folder's major version, and the user. Refuses to run any.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError, ManifestError
from agent.host import files
from agent.host.accounts import is_root
from agent.host.failures import FileFailure
from agent.host.users import find, name_of
from agent.manifest.model import Service
from agent.manifest.placeholders import expand
from agent.remedies.remedy import Scene

_DEBIAN = "/usr/lib/postgresql"
_VERSION_CAP = 64  # bytes of PG_VERSION


@dataclass(frozen=True, slots=True)
class Runner:
    """Who runs the bundled server. `group` is the application's, who may use its socket.

    `account` as `agent.host.spawn` takes it; empty: whoever we are.
    """

    account: str
    name: str
    owner: tuple[int, int] | None
    group: str


def data_folder(scene: Scene) -> Path:
    """Where the bundled server's files are in this scene's generation."""
    return Path(expand(scene.manifest.database.folder, scene.values))


def service_of(scene: Scene) -> Service:
    """The bundled server's service. Raises ManifestError where none is declared."""
    name = scene.manifest.database.service
    service = scene.manifest.services.get(name)
    if not scene.manifest.database.engine or service is None:
        raise ManifestError(
            "manifest-value",
            "the manifest declares no bundled database (database.engine, database.service)",
            hint="caretaker manifest explain database",
        )
    return service


def runner_of(scene: Scene) -> Runner:
    """As whom the server runs. Raises MachineError where that is nobody, or root."""
    app = scene.manifest.appliance.name
    if not is_root():
        return Runner("", _own_name(), None, "")
    name = service_of(scene).user or app
    account = find(name)
    if account is None:
        raise MachineError(
            "database-failed",
            f"there is no user {name} on this machine, who runs the database's server",
            hint=f"/opt/{app}/setup.sh",
        )
    if account.uid == 0:
        raise MachineError(
            "database-failed",
            "PostgreSQL refuses to be run by root",
            hint=f"name a user: services.{scene.manifest.database.service}.user",
        )
    group = app if app != name and find(app) else ""
    return Runner(f"{name}:{group}" if group else name, name, account.owner, group)


def major_of(folder: Path) -> str:
    """The major version that made a data folder; empty where there is none. MachineError."""
    try:
        return files.read_bytes(folder / "PG_VERSION", cap=_VERSION_CAP).decode().strip()
    except FileNotFoundError:
        return ""
    except (FileFailure, UnicodeDecodeError) as error:
        raise MachineError("database-failed", str(error), hint=f"ls -l {folder}") from error


def programs_for(scene: Scene, major: str = "") -> Path:
    """The folder of initdb, postgres and pg_dump. Raises MachineError where there is none."""
    database = scene.manifest.database
    candidates = []
    if database.programs:
        candidates.append(Path(expand(database.programs, scene.values)))
    service = scene.manifest.services.get(database.service)
    if service is not None and service.command:
        program = Path(expand(service.command[0], scene.values))
        if program.name in ("postgres", "postmaster") and program.is_absolute():
            candidates.append(program.parent)
    if major.isdecimal():
        candidates.append(Path(_DEBIAN) / major / "bin")
    for each in candidates:
        if all(os.access(each / name, os.X_OK) for name in ("postgres", "pg_dump")):
            return each
    tried = ", ".join(map(str, candidates)) or "nothing"
    raise MachineError(
        "command-missing",
        f"PostgreSQL's programs are not there (looked in {tried})",
        hint="name their folder: database.programs in appliance.toml",
    )


def _own_name() -> str:
    return name_of(os.geteuid()) or str(os.geteuid())
