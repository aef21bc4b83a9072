"""The folders and files whose owner and mode are known: Caretaker's own, and declared ones.

Owns the list and what each should be. Pure but for looking users up. Refuses to look at the disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from agent.errors import CaretakerError
from agent.folders import folders
from agent.host import users
from agent.host.accounts import is_root
from agent.manifest.placeholders import expand
from agent.manifest.places import is_systems
from agent.manifest.upkeep import OwnedPath
from agent.remedies.remedy import Scene


@dataclass(frozen=True, slots=True)
class Owned:
    """One of them. `owner` is (uid, gid), None where it does not count.

    `ours`: its mode is exactly this one; a declared path is never opened wider for others.
    `may_make`: it is made where it is missing. `trouble`: why nothing can be said of it.
    """

    path: Path
    mode: int
    owner: tuple[int, int] | None
    folder: bool = True
    ours: bool = False
    may_make: bool = True
    trouble: str = ""


def owned(scene: Scene) -> list[Owned]:
    """Parents before what is in them."""
    found = _own(scene)
    known = {each.path for each in found}
    declared = [_declared(scene, name, each) for name, each in scene.manifest.paths.items()]
    run = scene.layout.app_run
    if not scene.layout.embedded and any(run in each.path.parents for each in declared):
        # systemd makes it with the first service, but what is in it is made before, at boot.
        found.append(Owned(run, 0o755, _owner(scene.manifest.appliance.name, ""), ours=True))
    found += sorted(
        (each for each in declared if each.path not in known), key=lambda each: each.path.parts
    )
    return found


def _own(scene: Scene) -> list[Owned]:
    embedded = scene.layout.embedded
    return [
        Owned(
            folder.path,
            folder.mode,
            None if embedded else _owner(folder.owner, ""),
            ours=True,
            may_make=not folder.holds,
            trouble="" if embedded or users.find(folder.owner) else _nobody(folder.owner),
        )
        for folder in folders(scene.layout)
    ]


def _declared(scene: Scene, name: str, declared: OwnedPath) -> Owned:
    embedded = scene.layout.embedded
    user = declared.user or ("" if embedded else scene.manifest.appliance.name)
    mode = int(declared.mode, 8)
    folder = declared.type == "folder"
    try:
        path = Path(expand(declared.path, scene.values))
    except CaretakerError as error:
        return Owned(Path(declared.path), mode, None, folder=folder, trouble=error.message)
    trouble = why_not(path, scene.layout.root)
    owner = None
    # Below a root of its own, and run by somebody else than root, nothing can be given away.
    if user and (not embedded or is_root()):
        owner = _owner(user, declared.group)
        if owner is None:
            trouble = trouble or _nobody(user, declared.group)
    # An empty folder in place of the data would let the application begin from nothing.
    may_make = folder and path not in (scene.layout.data, scene.layout.active)
    return Owned(path, mode, owner, folder=folder, may_make=may_make, trouble=trouble)


def why_not(path: Path, root: Path = Path("/")) -> str:
    """Why a declared path is none to be given away; empty where it may be."""
    if not path.is_absolute() or ".." in path.parts:
        return "it is no plain absolute path"
    below = PurePosixPath("/", *path.relative_to(root).parts) if path.is_relative_to(root) else path
    # A slip in a manifest must not give the machine away.
    return "it belongs to the system" if is_systems(below) else ""


def _owner(user: str, group: str) -> tuple[int, int] | None:
    account = users.find(user)
    if account is None:
        return None
    if not group:
        return account.owner
    gid = users.gid_of(group)
    return None if gid is None else (account.uid, gid)


def _nobody(user: str, group: str = "") -> str:
    if group and users.find(user):
        return f"there is no group {group}"
    return f"there is no user {user}"
