"""The move of a database: from this machine to another server, and back.

Everything that can be known is judged before anything stops. Then the application stops, its data
is cloned without (or with a new) bundled server's files, the database is copied and both ends are
counted and hashed, and the flip of `active` makes the application use the new place. The old one
stays as it was, for the way back.

Owns preparing and making. Refuses to stop, flip or start: the course of changes does.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.change.change import Change, Draft, Target
from agent.change.request import MoveRequest
from agent.database import cluster, ours, suitability
from agent.database.copying import Copied
from agent.database.fence import named_places
from agent.database.generation import copy_into, next_name, sweep
from agent.database.live import live, refuse_without, url_in_use, whole_manifest
from agent.database.needs import Needs, needs_of
from agent.database.programs import data_folder, programs_for, runner_of, service_of
from agent.database.reach import Place, place_of, told
from agent.database.temporary import PORT, Server, running
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError, UsageError
from agent.host import clone as cloning
from agent.host import files
from agent.host.clone import NoRoom
from agent.progress import Progress
from agent.remedies.remedy import Scene

BUNDLED = "bundled"
_MARGIN = 1.3  # indexes are built in sorted runs beside the data


def prepare_move(scene: Scene, request: MoveRequest, progress: Progress) -> Change:
    """Judge everything, and say what the move is. Writes nothing. Raises CaretakerError."""
    manifest = whole_manifest(scene)
    refuse_without(manifest)
    whole = replace(scene, manifest=manifest)
    active = Deployments(scene.layout, scene.host.clock).active()
    if active is None:
        hint = f"/opt/{scene.layout.app}/setup.sh"
        raise MachineError("not-set-up", "nothing is deployed here yet", hint=hint)
    progress.step("judge", "look at both ends")
    with live(whole) as opened:
        needs = needs_of(opened, opened.info.user)
    if request.to == BUNDLED:
        return _home(whole, active, needs)
    return _away(whole, active, place_of(request.to), needs, progress)


def _away(
    scene: Scene, active: Deployment, place: Place, needs: Needs, progress: Progress
) -> Change:
    used = url_in_use(scene.layout)
    if used and _is_already(place_of(used), place):
        raise UsageError("usage", f"the database is at {place_of(used).address} already")
    suitable = suitability.judge(place, needs, scene.manifest)
    for each in suitable.findings:
        if each.status != "pass":
            progress.note(f"{each.status}: {each.summary}")
    suitable.refuse_unsuitable(place)
    target = place
    if suitable.may_create:
        target = place.named(next_name(scene, place))

    def make(draft: Draft) -> None:
        _make_away(
            replace(draft, scene=_whole(draft)), target, needs, may_create=suitable.may_create
        )

    title = f"move the database from {_where(used)} to {target.address}"
    return Change("move", title, _target(scene, active, target.url), make)


def _is_already(used: Place, place: Place) -> bool:
    """Also one of the copies that a move there makes: whoever runs it again means the same."""
    if (used.server, used.name) == (place.server, place.name):
        return True
    alike = dict(used.named(place.name).facts) == dict(place.facts)
    return alike and ours.stem_of(used.name) == ours.stem_of(place.name)


def _home(scene: Scene, active: Deployment, needs: Needs) -> Change:
    used = url_in_use(scene.layout)
    if not used:
        raise UsageError("usage", "the database is on this machine already")
    service_of(scene)
    runner_of(scene)
    programs = programs_for(scene)
    done = scene.host.run([str(programs / "postgres"), "--version"], timeout=30.0)
    major = next((w.split(".")[0] for w in done.stdout.split() if w[:1].isdecimal()), "")
    if not major.isdecimal() or int(major) < needs.major:
        raise MachineError(
            "database-unsuitable",
            f"the server elsewhere is PostgreSQL {needs.major}, the bundled one is {major or '?'}",
            hint="upgrade the appliance first: a newer database does not go into an older one",
        )
    free = scene.host.facts.file_system(scene.layout.generations).free
    if free < needs.size * _MARGIN:
        message = f"{scene.layout.generations} has {free >> 20} MiB free, and the move takes "
        raise MachineError(
            "disk-short", f"{message}{int(needs.size * _MARGIN) >> 20} MiB", hint="df -h"
        )

    def make(draft: Draft) -> None:
        _make_home(replace(draft, scene=_whole(draft)), place_of(used), needs)

    title = f"move the database from {_where(used)} to this machine"
    return Change("move", title, _target(scene, active, ""), make)


def _target(scene: Scene, active: Deployment, url: str) -> Target:
    deployments = Deployments(scene.layout, scene.host.clock)
    text = deployments.manifest(active.number)
    return Target(
        version=active.version,
        digest=active.digest,
        release=active.release,
        manifest=text if text is not None else files.read_bytes(scene.layout.manifest),
        epoch=active.epoch,
        sequence=active.sequence,
        database_url=url,
    )


def _where(url: str) -> str:
    return place_of(url).address if url else "this machine"


def _whole(draft: Draft) -> Scene:
    """The draft's scene with the bundled server in its manifest: a move changes nothing else."""
    return replace(draft.scene, manifest=whole_manifest(draft.scene))


def _make_away(draft: Draft, target: Place, needs: Needs, *, may_create: bool) -> None:
    scene = draft.scene
    relative = data_folder(scene).relative_to(draft.data)
    clone_rest(draft, relative)
    keep = {p.name for p in named_places(scene).values() if p.server == target.server}
    with told(target, "what an earlier run left could not be dropped"):
        for name in sweep(scene, target, keep | {target.name}):
            draft.progress.note(f"dropped {name}, which an earlier run left")
    locale = (needs.encoding, needs.collate, needs.ctype)
    url = Deployments(scene.layout, scene.host.clock).database_url(draft.before.number)

    def anew() -> None:
        if may_create:
            ours.make(target, None, ours.mark_of(scene), locale=locale)
        else:
            ours.make_empty(target, ours.mark_of(scene))

    if url:
        copied = copy_into(draft, place_of(url), target, anew)
    else:
        with running(scene, draft.source / relative, copied=False, read_only=True) as server:
            copied = copy_into(draft, _place(server, server.superuser), target, anew)
    _tell(draft, copied)


def _make_home(draft: Draft, old: Place, needs: Needs) -> None:
    scene = draft.scene
    folder = data_folder(scene)
    clone_rest(draft, folder.relative_to(draft.data))
    cluster.create(scene, folder, needs)
    # Nothing of it is named yet, and the course flushes the whole draft before it flips.
    with running(scene, folder, copied=False, durable=False) as server:
        new = _place(server, server.user)

        def anew() -> None:
            cluster.begin_anew(scene, server, needs)

        copied = copy_into(draft, old, new, anew)
    _tell(draft, copied)


def clone_rest(draft: Draft, server_files: Path) -> None:
    """The generation without the bundled server's files. Raises MachineError, FileFailure."""
    draft.progress.step("clone", "copy the other data")

    def tell(_part: str, done: int) -> None:
        draft.progress.advance(done, 0, "bytes")

    try:
        cloning.clone(draft.source, draft.data, tell, leave_out=[str(server_files)])
    except NoRoom as failure:
        raise MachineError(
            "disk-short", str(failure), hint=f"df -h {draft.data.parent}"
        ) from failure


def _place(server: Server, user: str) -> Place:
    facts = {"host": str(server.socket), "port": str(PORT), "user": user, "dbname": server.name}
    return Place(facts)


def _tell(draft: Draft, copied: Copied) -> None:
    draft.told["how"] = copied.by
    draft.progress.note(
        f"copied {copied.rows} rows in {copied.tables} tables by {copied.by} in "
        f"{copied.seconds:.1f} s; both ends counted and hashed as equal in "
        f"{copied.proof_seconds:.1f} s"
    )
