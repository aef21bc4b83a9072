"""Generations of a database that stands on another server: each deployment has one of its own.

An upgrade works on a copy as it does on a bundled one: made by the server itself (CREATE DATABASE …
TEMPLATE), or by dump and restore where the server refuses. Going back is going back to the old
name. What no deployment names any more is dropped.

Owns those copies. Refuses databases without our mark, except to read them.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from agent.change.change import Draft
from agent.database import copying, ours
from agent.database.copying import Way
from agent.database.fence import end_sessions, named_places
from agent.database.needs import needs_of
from agent.database.place import recorded
from agent.database.programs import programs_for, runner_of
from agent.database.reach import Place, place_of, session, told, words_of
from agent.database.temporary import copy_mark
from agent.deployment import Deployments
from agent.errors import CaretakerError, MachineError
from agent.host import files, trees
from agent.host.failures import HostFailure
from agent.remedies.remedy import Scene

_WORK = ".database-move"
_TRIES = 20
_BUSY = "55006"  # object_in_use: a session that was told to end has not yet
_REFUSED = ("42501", "0A000", "22023")  # no right, not offered, template not accepted


def next_url(scene: Scene) -> str:
    """Where the next deployment's database shall be; empty while it is bundled. CaretakerError.

    The same one as now, where its role may not make another.
    """
    url = recorded(scene.layout.active)
    if not url or not may_copy(url):
        return url
    place = place_of(url)
    with told(place, "a name for the copy could not be found"):
        return place.named(next_name(scene, place)).url


def may_copy(url: str) -> bool:
    """Whether the role that the URL names may make databases. Raises MachineError."""
    place = place_of(url)
    asked = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
    with told(place, "the role's rights could not be asked for"), session(place) as opened:
        return bool(opened.execute(asked).fetchall()[0][0])


def next_name(scene: Scene, place: Place) -> str:
    """The name of a new database on a server. CaretakerError, psycopg.Error."""
    number = Deployments(scene.layout, scene.host.clock).next_number()
    keep = {each.name for each in named_places(scene).values() if each.server == place.server}
    return ours.next_name(place, number, ours.mark_of(scene), keep)


def clone_external(draft: Draft, url: str) -> None:
    """Make the database at `url` (of `next_url`) a copy of the deployment's before.

    Nobody may write to that one now. Raises MachineError.
    """
    deployments = Deployments(draft.scene.layout, draft.scene.host.clock)
    old = place_of(deployments.database_url(draft.before.number))
    new = place_of(url)
    if (old.server, old.name) == (new.server, new.name):
        return  # The role may make no other.
    gone, problems = collect(draft.scene)
    for line in (*(f"dropped {each}, which no deployment names" for each in gone), *problems):
        draft.progress.note(line)
    draft.progress.step("database", f"copy {old.address} to {new.name}")
    trouble = _by_the_server(draft, old, new)
    if trouble:
        draft.progress.note(f"{old.server} does not copy {old.name} itself: {trouble}")
        _by_programs(draft, old, new)


def _by_the_server(draft: Draft, old: Place, new: Place) -> str:
    """Why the server refused to copy it itself; empty: it did. Raises MachineError."""
    mark = ours.mark_of(draft.scene)
    for attempt in range(_TRIES):
        try:
            with session(old.named(ours.door_name(old))) as opened:
                end_sessions(opened, old.name)
            ours.make(new, old, mark, locale=("", "", ""))
            return ""
        except MachineError as error:
            cause = error.__cause__
            state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
            if state == _BUSY and attempt < _TRIES - 1:
                draft.scene.host.clock.sleep(0.2)
            elif state == _BUSY or state in _REFUSED:
                return words_of(cause, old) if isinstance(cause, psycopg.Error) else str(error)
            else:
                raise
    return "somebody is connected to it all the time"


def _by_programs(draft: Draft, old: Place, new: Place) -> None:
    with told(old, "the database could not be read"), session(old) as opened:
        needs = needs_of(opened, old.user)
    locale, mark = (needs.encoding, needs.collate, needs.ctype), ours.mark_of(draft.scene)
    copy_into(draft, old, new, lambda: ours.make(new, None, mark, locale=locale))


def copy_into(draft: Draft, old: Place, new: Place, anew: Callable[[], None]) -> copying.Copied:
    """Have `anew` make the database `new`, and copy `old` into it, proved equal. MachineError."""
    scene = draft.scene
    runner = runner_of(scene)
    work = draft.data / _WORK
    files.ensure_folder(work, mode=0o700, owner=runner.owner)
    way = Way(old, new, programs_for(scene, _major(old)), runner, work, copy_mark(scene))
    try:
        return copying.copy(scene, way, draft.progress, anew=anew)
    finally:
        trees.remove(work)


def _major(place: Place) -> str:
    with told(place, "its version could not be asked for"), session(place) as opened:
        return str(opened.info.server_version // 10000)


def collect(scene: Scene, *, dry: bool = False) -> tuple[list[str], list[str]]:
    """Drop databases of ours that no deployment names; what went, and what went wrong.

    On the servers that deployments name. The caller holds the lock of changes.
    """
    gone: list[str] = []
    problems: list[str] = []
    try:
        places = list(named_places(scene).values())
    except (CaretakerError, HostFailure) as error:
        return [], [str(error)]
    for place in {each.server: each for each in places}.values():
        keep = {each.name for each in places if each.server == place.server}
        try:
            gone += [f"{place.server}/{name}" for name in sweep(scene, place, keep, dry=dry)]
        except (CaretakerError, psycopg.Error) as error:
            why = words_of(error, place) if isinstance(error, psycopg.Error) else str(error)
            problems.append(f"{place.server}: {why}")
    return gone, problems


def sweep(scene: Scene, place: Place, keep: set[str], *, dry: bool = False) -> list[str]:
    """Drop those of a server that carry our mark and are not in `keep`; their names.

    Raises CaretakerError and psycopg.Error.
    """
    mark = ours.mark_of(scene)
    gone = []
    with session(place.named(ours.door_name(place))) as opened:
        for each in ours.marked(opened, mark):
            if each.name not in keep:
                gone.append(each.name)
                if not dry:
                    ours.drop(opened, each.name, mark)
    return gone


def drop_for(scene: Scene, number: int) -> str:
    """Before a deployment goes for good: drop its database, if it is ours and no other names it.

    What went, for people; empty where nothing did. Raises CaretakerError and psycopg.Error.
    """
    places = named_places(scene)
    place = places.pop(number, None)
    if place is None:
        return ""
    others = {(each.server, each.name) for each in places.values()}
    if (place.server, place.name) in others:
        return ""
    mark = ours.mark_of(scene)
    with session(place.named(ours.door_name(place))) as opened:
        if ours.mark_in(opened, place.name) != mark:
            return ""
        ours.drop(opened, place.name, mark)
    return place.address
