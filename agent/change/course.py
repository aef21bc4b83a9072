"""The course of a change: stop, make the new data, one flip, prove it, or go back.

Owns the order of the steps up to the flip. Before it nothing is to be undone: what was made is
taken away and the old services are started. Refuses to take the lock and to recover from an
earlier run: its caller does both first (`run`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from agent.change import pending as pendings
from agent.change.act import Act, Times
from agent.change.back import TROUBLE, go_back, words_of
from agent.change.change import Change, Draft, Outcome
from agent.change.means import Judged, Means
from agent.change.pending import Pending
from agent.change.proof import prove
from agent.change.sweep import sweep
from agent.database.place import bundled_url
from agent.deployment import PART, Deployment
from agent.errors import CaretakerError, MachineError, RolledBackError
from agent.host import files, sync
from agent.host.failures import FileFailure
from agent.manifest.reader import parse
from agent.progress import Progress, Silent
from agent.remedies.remedy import Scene


def carry_out(
    scene: Scene, change: Change, *, means: Means, progress: Progress | None = None
) -> Outcome:
    """Carry a change out; the caller holds the lock. Returns once it is committed.

    RolledBackError: something was stopped, and the old version runs again. MachineError and
    ManifestError: nothing was stopped, or it could not all be set right (`change-failed`).
    """
    act = Act(scene, means, progress or Silent())
    before = _before(act)
    candidate = means.scene_of(scene, parse(change.target.manifest.decode()))
    number = _number(act, change, before)
    pending = pendings.begin(scene.layout, act.clock, change, before, number)
    times = Times(act.clock.monotonic())
    act.enter(pending, "", "begun", why=change.title)
    try:
        _until_the_flip(act, change, pending, times, candidate)
    except TROUBLE as error:
        if not _has_flipped(act, pending):
            raise _called_off(act, pending, times, error) from error
        raise go_back(act, pending, times, Judged(good=False, why=words_of(error))) from error
    act.enter(pending, "flip", "done", seconds=times.flip)
    try:
        stopped = act.clock.wall() - (act.clock.monotonic() - (times.stopped or 0.0))
        pending = msgspec.structs.replace(pending, stopped=stopped)
        pending = pendings.go_on(scene.layout, pending, "gating")
    except FileFailure as error:
        raise go_back(act, pending, times, Judged(good=False, why=words_of(error))) from error
    return prove(act, pending, times)


def _before(act: Act) -> Deployment:
    """What is active, with its manifest beside it. Raises MachineError and FileFailure."""
    active = act.deployments.active()
    if active is None:
        hint = f"/opt/{act.scene.layout.app}/setup.sh"
        raise MachineError("not-set-up", "nothing is deployed here yet", hint=hint)
    if act.deployments.manifest(active.number) is None:
        # One of setup's, from before each had its own: what is in place is what it runs with.
        act.deployments.keep_manifest(active.number, files.read_bytes(act.scene.layout.manifest))
    return active


def _number(act: Act, change: Change, before: Deployment) -> int:
    """The deployment that the change goes to. MachineError where it can't be gone to."""
    target, deployments = change.target, act.deployments
    if not (act.scene.layout.releases / target.release).is_dir():
        raise _unknown(f"release {target.release} is not here")
    if target.number is None:
        return deployments.next_number()
    if target.number == before.number:
        raise _unknown(f"deployment {target.number} is active already")
    found = deployments.find(target.number)
    if found is None or not deployments.generation(found).is_dir():
        raise _unknown(f"deployment {target.number} is not here, or not whole")
    return target.number


def _unknown(message: str) -> MachineError:
    return MachineError("release-unknown", message, hint="caretaker releases")


def _until_the_flip(
    act: Act, change: Change, pending: Pending, times: Times, candidate: Scene
) -> None:
    means, scene = act.means, act.scene
    act.progress.step("drain", "send traffic away")
    means.keep_away(scene, change.title)
    act.progress.step("stop", f"stop {pending.before_version}")
    times.stopped = act.clock.monotonic()
    means.stop(scene)
    if pending.fresh:
        _make(act, change, pending, times, candidate)
    act.progress.step("flip", f"change over to {pending.version}")
    began = act.clock.monotonic()
    act.deployments.flip(pending.number)
    times.flip = act.clock.monotonic() - began


def _make(act: Act, change: Change, pending: Pending, times: Times, candidate: Scene) -> None:
    """The new generation and its deployment, whole and durable."""
    deployments, layout = act.deployments, act.scene.layout
    data = layout.generations / str(pending.number)
    part = data.with_name(f"{data.name}{PART}")
    before = deployments.find(pending.before)
    if change.make is None or before is None:
        raise MachineError("change-failed", "there is nothing to make the new data from")
    draft = Draft(
        scene=_with_data(
            candidate, part, layout.releases / change.target.release, change.target.database_url
        ),
        number=pending.number,
        before=before,
        source=deployments.generation(before),
        data=part,
        progress=act.progress,
    )
    act.progress.step("data", "make the new data from the old")
    change.make(draft)
    times.how = draft.told.get("how", "")
    if not part.is_dir() or part.is_symlink():
        raise MachineError("change-failed", f"{part} was not made")
    sync.file_system(part)
    files.rename(part, data)
    deployments.write(
        _deployment(act, change, pending),
        manifest=change.target.manifest,
        database_url=change.target.database_url,
    )


def _with_data(candidate: Scene, data: Path, release: Path, url: str) -> Scene:
    paths = {**candidate.values.paths, "data": str(data), "release": str(release)}
    values = candidate.values
    # Not the active deployment's, which `{database}` stands for otherwise.
    database = (lambda: url) if url else lambda: bundled_url(candidate.manifest, values)
    return replace(candidate, values=replace(values, paths=paths, database=database))


def _deployment(act: Act, change: Change, pending: Pending) -> Deployment:
    target = change.target
    return Deployment(
        number=pending.number,
        version=target.version,
        digest=target.digest,
        stamp="",
        release=target.release,
        generation=pending.number,
        created=act.clock.wall(),
        previous=pending.before,
        epoch=target.epoch,
        sequence=target.sequence,
        kind=change.kind,
        committed=None,
    )


def _has_flipped(act: Act, pending: Pending) -> bool:
    """An fsync that failed leaves the question open; the link answers it."""
    link = files.link_target(act.scene.layout.active)
    return link == f"deployments/{pending.number}"


def _called_off(act: Act, pending: Pending, times: Times, error: Exception) -> CaretakerError:
    """Nothing was changed over: the old services again, and what was made goes."""
    why = words_of(error)
    act.progress.step("back", f"start {pending.before_version} again: {_first_line(why)}")
    trouble = _start_again(act)
    outcome = times.outcome(act, pending, changed=False, why=why)
    try:
        active = act.deployments.active()
        if active is not None:
            sweep(act.deployments, active, pending)
        pendings.end(act.scene.layout, pending, act.clock, outcome)
    except TROUBLE as failure:
        act.progress.note(words_of(failure))  # Recovery does it.
    act.enter_end(pending, outcome, "failed")
    hint = error.hint if isinstance(error, CaretakerError) else "caretaker ledger"
    code = error.code if isinstance(error, CaretakerError) else "change-failed"
    if trouble:
        message = f"{pending.title}: {why}; and {pending.before_version} did not start: {trouble}"
        return MachineError("change-failed", message, hint="caretaker status")
    # What a program said last comes on lines of its own, below what it all comes to.
    why, line, said = why.partition("\n")
    ends = f"nothing was changed, {pending.before_version} runs again"
    return RolledBackError(code, f"{pending.title}: {why}; {ends}{line}{said}", hint=hint)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _start_again(act: Act) -> str:
    """Why the old services could not be started; empty: they were."""
    try:
        act.means.start(act.scene)
        act.means.let_come(act.scene)
    except TROUBLE as error:
        return words_of(error)
    return ""
