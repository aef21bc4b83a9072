"""Step: users and folders. Who runs what, and where it may write.

Owns the table of folders with owner and mode, the system users, and the entry points. Refuses to
change a user that is there already.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.folders import Folder, folders
from agent.host import files, leftovers, permissions, trees, users
from agent.layout import TOOL_USER
from setup.places import COMMAND, SYSTEMD_FILES, links, short
from setup.site import Site
from setup.step import Kind, Look, Step, Thing


def look(site: Site) -> Look:
    needs = [f"user {name} (system, no login)" for name in _missing_users(site)]
    needs += [f"folder {short(site.layout, f.path)} ({f.mode:04o})" for f in _wrong_folders(site)]
    needs += [f"link {short(site.layout, link)}" for link, _ in _wrong_links(site)]
    stale = _stale(site)
    needs += [f"remove {len(stale)} files that an interrupted run left aside"] if stale else []
    people = f"{len(site.users)} users, " if site.users else ""
    return Look(f"{people}{len(folders(site.layout))} folders in place", tuple(needs))


def apply(site: Site) -> str:
    stale = _stale(site)
    for path in stale:
        trees.remove(path)
    missing = list(_missing_users(site))
    for name in missing:
        users.make_system_user(name, home=_home(site, name))
    made = linked = 0
    for folder in list(_wrong_folders(site)):
        files.ensure_folder(_place(site, folder), mode=folder.mode, owner=_owner(site, folder))
        made += 1
    for link, target in list(_wrong_links(site)):
        files.replace_link(link, target)
        linked += 1
    parts = [f"{len(missing)} users"] if missing else []
    parts += [f"{made} folders"] if made else []
    parts += [f"{linked} links"] if linked else []
    words = [f"made {', '.join(parts)}"] if parts else []
    return "; ".join([*words, *([f"removed {len(stale)} left-overs"] if stale else [])])


def things(site: Site) -> tuple[Thing, ...]:
    layout = site.layout
    found = [Thing(Kind.USER, name) for name in site.users]
    # A tree where all below it is ours; a bare folder where others may have put things.
    found += [
        Thing(Kind.TREE, str(layout.state), data=True),
        Thing(Kind.TREE, str(layout.data_home), data=True),
        Thing(Kind.TREE, str(layout.config), data=True),
        Thing(Kind.TREE, str(layout.logs)),
        Thing(Kind.FOLDER, str(layout.etc)),
        Thing(Kind.FOLDER, str(layout.etc / "keys")),
        Thing(Kind.TREE, str(layout.opt)),
        Thing(Kind.TREE, str(layout.setup_report.parent)),
    ]
    if site.embedded:
        found += [Thing(Kind.TREE, str(layout.run)), Thing(Kind.TREE, str(layout.app_run))]
    return tuple(found) + tuple(Thing(Kind.FILE, str(link)) for link in links(site.layout))


def _missing_users(site: Site) -> Iterator[str]:
    return (name for name in site.users if not users.is_whole(name))


def _wrong_folders(site: Site) -> Iterator[Folder]:
    for folder in folders(site.layout):
        facts = permissions.read(_place(site, folder))
        right = facts is not None and facts.is_folder and facts.mode == folder.mode
        if not right or (not site.embedded and facts and facts.owner != _owner(site, folder)):
            yield folder


def _wrong_links(site: Site) -> Iterator[tuple[Path, str]]:
    for link, target in links(site.layout).items():
        if files.link_target(link) != target:
            yield link, target


def _stale(site: Site) -> list[Path]:
    """Files written aside by a process that died before it could rename them."""
    layout = site.layout
    places = [folder.path for folder in folders(site.layout)]
    places += _below(layout.tls)
    if not site.embedded:
        places += [COMMAND.parent, *(layout.root / target for target in SYSTEMD_FILES.values())]
        places += sorted(layout.units.glob("*.service.d"))
    places += sorted(layout.deployments.glob("[0-9]*"))
    half_staged = sorted(layout.releases.glob("*.part"))
    return [*half_staged, *(path for place in places for path in leftovers.find(place))]


def _below(top: Path) -> list[Path]:
    leaves = trees.walk(top) if top.is_dir() else ()
    return [top / leaf.relative for leaf in leaves if leaf.is_folder]


def _place(site: Site, folder: Folder) -> Path:
    """The folder itself, or where its link leads: data may live on a disk of the operator's
    choice. Below /etc no link is followed, since secrets stand there."""
    path = folder.path
    follow = path.is_symlink() and path.is_dir() and not path.is_relative_to(site.layout.config)
    return path.resolve() if follow else path


def _owner(site: Site, folder: Folder) -> tuple[int, int] | None:
    account = None if site.embedded else users.find(folder.owner)
    return account.owner if account else None


def _home(site: Site, name: str) -> Path:
    return site.layout.agent_state if name == TOOL_USER else site.layout.data_home


ACCOUNTS = Step("accounts", "users and folders", look, apply, things)
