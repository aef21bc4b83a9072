"""Step: the files of the bundled database server, where the manifest says what it is.

Owns that they are there before its service first starts. Refuses to make them anew under data
that is there already: they were lost then, and an empty database would hide it.
"""

from __future__ import annotations

from pathlib import Path

from agent.database.place import initial, recorded
from agent.database.programs import data_folder, major_of
from agent.host import files, sync, trees
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene
from agent.values import values_for
from setup.site import Site
from setup.step import Blocker, Look, Step

PART = ".part"


def look(site: Site) -> Look:
    if not _is_ours(site):
        return Look("none of ours")
    folder = data_folder(_scene(site))
    major = major_of(folder)
    if major:
        return Look(f"PostgreSQL {major}")
    held = _others(site, folder)
    if held:
        blocker = Blocker(
            f"{folder} is gone, and beside it there is data ({held})",
            "bring it back from a backup; setup never begins anew over lost data",
        )
        return Look("", blockers=(blocker,))
    return Look("", (f"an empty PostgreSQL server in {folder}",))


def apply(site: Site) -> str:
    # Half of what setup would load otherwise, on every machine (libpq, asyncio).
    from agent.database import cluster

    scene = _scene(site)
    folder = data_folder(scene)
    part = folder.with_name(f"{folder.name}{PART}")
    trees.remove(part)
    cluster.create(scene, part)
    sync.file_system(part)
    files.rename(part, folder)
    return f"PostgreSQL {major_of(folder)}, with database {site.manifest.database.name}"


def _is_ours(site: Site) -> bool:
    database = site.manifest.database
    if not (database.engine and database.service):
        return False
    values = values_for(site.manifest, site.layout)
    return not (recorded(site.layout.active) or initial(site.manifest, values))


def _scene(site: Site) -> Scene:
    return open_scene(site.manifest, site.layout, host=site.host)


def _others(site: Site, folder: Path) -> str:
    """What the generation holds besides."""
    data = site.layout.data
    if not (data / ".").exists():
        return ""
    own = {folder.name, f"{folder.name}{PART}"} if folder.parent == data else set()
    names = sorted(path.name for path in data.iterdir() if path.name not in own)
    return ", ".join(names[:3])


SERVER = Step("server", "database server", look, apply)
