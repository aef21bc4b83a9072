"""A rollback: which deployment to go back to, what that loses, and the Change that does it.

Owns the choice and the refusals. Its data lies there as the other version left it, so nothing is
made. Refuses to go back on what a person would miss without having been told.
"""

from __future__ import annotations

from msgspec.structs import replace

from agent.change.change import Change, Target
from agent.change.request import RollbackRequest
from agent.data.loss import Loss, changed_since
from agent.deployment import Deployment, Deployments, Listed
from agent.errors import MachineError, RefusedError
from agent.host import files
from agent.manifest.keeping import Upgrade
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.progress import Progress
from agent.remedies.remedy import Scene
from agent.upgrade import rates, steps
from agent.upgrade.plan import Plan, Refusal, looking, refuse

_LIST = "caretaker releases"


def plan_rollback(scene: Scene, request: RollbackRequest) -> Plan:
    """What would happen. Writes nothing. Raises MachineError and ManifestError where there is
    nothing to go back to; what needs a person's word is in the plan."""
    with looking():
        return _plan(scene, request)


def _plan(scene: Scene, request: RollbackRequest) -> Plan:
    deployments = Deployments(scene.layout, scene.host.clock)
    active, target = _ends(deployments, request)
    manifest = parse(_manifest(scene, deployments, target.number).decode())
    plan = Plan(
        kind="rollback",
        title=_title(manifest, active, target),
        before=active.version,
        version=target.version,
        number=target.number,
        back=active.number,
        grace=float(scene.manifest.upgrade.grace),
        nothing=target.number == active.number,
    )
    if plan.nothing:
        return plan
    loss = _loss(deployments, active, target)
    return replace(
        plan,
        steps=steps.of_rollback(active.version, target.version, manifest.upgrade),
        downtime=rates.rest_seconds(scene.layout),
        loss=loss,
        warnings=_warnings(deployments, active, target),
        refusals=_refusals(scene, active, loss, request),
    )


def prepare_rollback(scene: Scene, request: RollbackRequest, progress: Progress) -> Change:
    """Choose and look; the active version serves meanwhile. CaretakerError, HostFailure."""
    progress.step("verify", "look what going back would lose")
    plan = plan_rollback(scene, request)
    if plan.nothing:
        raise RefusedError("refused", f"deployment {plan.number} is active already", hint=_LIST)
    refuse(plan)
    deployments = Deployments(scene.layout, scene.host.clock)
    target = deployments.find(plan.number)
    if target is None:
        raise _unknown(deployments, plan.number)
    return Change(
        kind="rollback",
        title=plan.title,
        target=Target(
            version=target.version,
            digest=target.digest,
            release=target.release,
            manifest=_manifest(scene, deployments, target.number),
            epoch=target.epoch,
            sequence=target.sequence,
            database_url=deployments.database_url(target.number),
            number=target.number,
        ),
        make=None,
    )


def grace_over(active: Deployment, proof: Upgrade, now: float) -> bool:
    """Whether going back from `active` needs a person's word by now."""
    began = active.committed or active.created
    return now - began > float(proof.grace)


def _ends(deployments: Deployments, request: RollbackRequest) -> tuple[Deployment, Deployment]:
    """What is active, and what to go back to. Raises MachineError."""
    active = deployments.active()
    if active is None:
        raise MachineError("release-unknown", "nothing is deployed here yet", hint=_LIST)
    number = deployments.before(active) if request.to is None else request.to
    if number is None:
        message = f"no version before {active.version} is here"
        raise MachineError("release-unknown", message, hint=f"{_LIST}, then: rollback --to NUMBER")
    listed = {each.deployment.number: each for each in deployments.listed()}
    found = listed.get(number)
    if found is None or not _is_whole(deployments, found):
        raise _unknown(deployments, number, found)
    return active, found.deployment


def _is_whole(deployments: Deployments, found: Listed) -> bool:
    """An abandoned one may have lost its data to housekeeping by now."""
    if found.standing == "incomplete":
        return False
    one = found.deployment
    release = deployments.layout.releases / one.release
    return deployments.generation(one).is_dir() and release.is_dir()


def _unknown(deployments: Deployments, number: int, found: Listed | None = None) -> MachineError:
    there = [
        f"{each.deployment.number} ({each.deployment.version}, {each.standing})"
        for each in deployments.listed()
        if each.standing != "active" and _is_whole(deployments, each)
    ]
    why = "is not here" if found is None else "is not whole, so it can't run"
    choice = f"to choose from: {', '.join(there)}" if there else "there is no other one"
    return MachineError("release-unknown", f"deployment {number} {why}; {choice}", hint=_LIST)


def _manifest(scene: Scene, deployments: Deployments, number: int) -> bytes:
    """One that setup made, from before each had its own, goes by the manifest in place."""
    return deployments.manifest(number) or files.read_bytes(scene.layout.manifest)


def _title(manifest: Manifest, active: Deployment, target: Deployment) -> str:
    name = manifest.appliance.title or manifest.appliance.name
    word = "forward" if target.abandoned is not None else "back"
    return f"{name}: {word} from {active.version} to {target.version}"


def _loss(deployments: Deployments, active: Deployment, target: Deployment) -> Loss:
    """What was written to each generation since the target's data was left. MachineError."""
    losses = [
        changed_since(deployments.generation(one), at)
        for one, at in _written_since(deployments, active, target)
        if deployments.generation(one).is_dir()
    ]
    newest = max((each.newest for each in losses), default=0.0)
    first = min((each.newest - each.span for each in losses if each.files), default=newest)
    return Loss(
        files=sum(each.files for each in losses),
        size=sum(each.size for each in losses),
        newest=newest,
        span=newest - first,
        unread=sum(each.unread for each in losses),
    )


def _written_since(
    deployments: Deployments, active: Deployment, target: Deployment
) -> list[tuple[Deployment, float]]:
    """The deployments from the active one down to the target, and when each began to be written.

    One that was gone back from is newer than what is active now: all since then is lost.
    """
    if target.abandoned is not None:
        return [(active, target.abandoned)]
    found = [(active, active.created)]
    here = active
    while here.previous is not None and here.previous != target.number:
        before = deployments.find(here.previous)
        if before is None or before.number >= here.number:
            break
        found.append((before, before.created))
        here = before
    return found


def _warnings(deployments: Deployments, active: Deployment, target: Deployment) -> tuple[str, ...]:
    found = []
    if target.abandoned is not None:
        found.append(f"{target.version} was gone back from before: caretaker ledger says why")
    now, then = (deployments.database_url(one.number) for one in (active, target))
    if now and now == then:
        found.append("the database is on another machine and stays as it is; only files go back")
    elif now != then:
        found.append("the database goes back to where that deployment had it, as it was left there")
    return tuple(found)


def _refusals(
    scene: Scene, active: Deployment, loss: Loss, request: RollbackRequest
) -> tuple[Refusal, ...]:
    over = grace_over(active, scene.manifest.upgrade, scene.host.clock.wall())
    if loss.nothing or request.accept_data_loss or not over:
        return ()
    to = f" --to {request.to}" if request.to is not None else ""
    return (
        Refusal(
            "data-loss",
            f"{loss.files} files were written to since {active.version} came into use, and the"
            f" time to go back without further ado ({scene.manifest.upgrade.grace}) is over",
            f"caretaker backup create; then: caretaker rollback{to} --accept-data-loss",
            7,
        ),
    )
