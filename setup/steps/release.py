"""Step: the release in place, and the deployment that joins it with data.

Owns building the payload where it is missing (on a vendor's machine; an image brings it along),
staging it, and the first deployment. Refuses to go back to an older version: an upgrade may have
put a newer one here.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from agent.change.pending import pending_file
from agent.database.place import initial
from agent.deployment import Deployment, Deployments
from agent.errors import MachineError
from agent.host import trees, users
from agent.host.pip import pip_environment
from agent.services.names import target_name
from agent.values import values_for
from setup import agent_process
from setup.place import Mode
from setup.site import Site
from setup.step import Blocker, Kind, Look, Step, Thing
from setup.steps.healthy import command

BUILD_TIMEOUT = 1800.0  # seconds; it downloads


def look(site: Site) -> Look:
    deployments = _deployments(site)
    active, payload = deployments.active(), payload_of(site)
    if active is None:
        return _first(site, payload)
    pending = pending_file(site.layout).load(aside=False)
    if pending is not None and pending.under_way:
        message = f"{pending.title} was interrupted, and has to be brought to an end first"
        return Look("", blockers=(Blocker(message, f"{command(site)} upgrade resume"),))
    if not _is_there(site.layout.data):
        blocker = Blocker(
            f"the data of deployment {active.number} is gone: {site.layout.data}",
            "bring the data back from a backup; setup never begins anew over lost data",
        )
        return Look("", blockers=(blocker,))
    if not _is_there(site.layout.current):
        return Look("", (f"release {active.release}: put it back in place",))
    return _later(site, deployments, active, payload)


def _first(site: Site, payload: Path | None) -> Look:
    build = site.manifest.release.build
    if payload is not None:
        size = trees.size(payload) / (1 << 20)
        version = site.manifest.appliance.version
        needs = f"release {version} from {payload} ({size:.1f} MiB)"
        return Look("", (needs, "data generation 1, deployment 1"))
    if build and not site.options.offline:
        words = f"run {shlex.join(build)} in {site.source}, to fill the payload"
        return Look("", (words, "stage and deploy it"))
    text = f"there is nothing to deploy: {site.payload} is missing or empty"
    fix = f"cd {site.source} && {shlex.join(build)}" if build else f"fill {site.payload}"
    return Look("", blockers=(Blocker(text, fix),))


def _later(site: Site, deployments: Deployments, active: Deployment, payload: Path | None) -> Look:
    version, good = site.manifest.appliance.version, Look(active.release)
    if site.left_aside:
        note = f"{active.version} runs here, newer than the {site.left_aside} handed in; it stays"
        return Look(active.release, notes=(note,))
    if payload is None or not site.from_elsewhere or deployments.serves(payload, version):
        return good
    unmet = _unmet(site, active)
    if unmet:
        blocker = Blocker(
            f"{version} brings migration {unmet[0]}, which only an upgrade runs",
            f"caretaker release build {site.source} --version {version} --output FILE; "
            "then: caretaker upgrade FILE",
        )
        return Look("", blockers=(blocker,))
    words = f"stop {site.title}, copy its data, change over from {active.version}"
    return Look("", (f"release {version} from {payload}", words))


def _unmet(site: Site, active: Deployment) -> list[str]:
    """Migrations beside the manifest that the data here has not been through."""
    folder = site.source / "migrations"
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names:
        return []
    from agent.migrations.run import brought_by  # Most runs of setup have none.

    known = {f"{mark.number:04d}-{mark.name}" for mark in brought_by(active, site.layout)}
    return [name for name in names if name not in known]


def apply(site: Site) -> str:
    deployments = _deployments(site)
    active = deployments.active()
    if active is not None and not _is_there(site.layout.current):
        return _put_back(site, deployments, active)
    payload = payload_of(site) or _build(site)
    version = site.manifest.appliance.version
    release = deployments.stage(payload, version)
    if active is not None:
        _stop(site)
    url = _database_url(site, deployments, active)
    made = deployments.deploy(release, payload, version, site.text, url)
    return f"{made.release}, deployment {made.number}"


def _database_url(site: Site, deployments: Deployments, active: Deployment | None) -> str:
    """Where the database is, if on another server: where it was, or where the manifest says."""
    if active is not None:
        return deployments.database_url(active.number)
    return initial(site.manifest, values_for(site.manifest, site.layout))


def _put_back(site: Site, deployments: Deployments, active: Deployment) -> str:
    """The release that `active` names, from the payload, if that still holds the same bytes."""
    payload = payload_of(site)
    if not (site.layout.releases / active.release).is_dir():
        staged = deployments.stage(payload, active.version).name if payload else ""
        if staged != active.release:
            raise MachineError(
                "step-failed",
                f"{active.release} is gone from {site.layout.releases}, and the payload is another",
                hint="caretaker upgrade  # or bring back the payload it came from",
            )
    deployments.flip(active.number)
    return f"put {active.release} back"


def things(site: Site) -> tuple[Thing, ...]:
    layout = site.layout
    return (Thing(Kind.FILE, str(layout.current)), Thing(Kind.TREE, str(layout.releases)))


def payload_of(site: Site) -> Path | None:
    """The folder to deploy: beside the manifest, or what an image has staged already."""
    if site.payload.is_dir() and any(site.payload.iterdir()):
        return site.payload
    staged = f"{site.manifest.appliance.version}-*"
    for release in sorted(site.layout.releases.glob(staged)) if not site.from_elsewhere else []:
        if release.is_dir() and release.suffix != ".part":
            return release
    return None


def _build(site: Site) -> Path:
    build = site.manifest.release.build
    done = site.host.run(build, timeout=BUILD_TIMEOUT, env=pip_environment(), cwd=site.source)
    payload = payload_of(site)
    if done.ok and payload is not None:
        return payload
    why = done.reason if not done.ok else f"it left {site.payload} empty"
    hint = f"cd {site.source} && {shlex.join(build)}"
    raise MachineError("command-failed", f"the payload could not be built: {why}", hint=hint)


def _is_there(link: Path) -> bool:
    """Whether a link leads to something: somebody may have cleaned up too well."""
    return (link / ".").exists()


def _stop(site: Site) -> None:
    """Data is copied while nobody writes it; the start step starts again."""
    if site.place.mode is Mode.EMBEDDED:
        agent_process.stop(site.layout, site.host.clock)
        return
    done = site.host.systemd.control("stop", target_name(site.manifest))
    if not done.ok:
        raise MachineError("service-failed", f"{site.title} did not stop: {done.reason}")


def _deployments(site: Site) -> Deployments:
    account = None if site.embedded else users.find(site.app)
    owner = account.owner if account else None
    return Deployments(site.layout, site.host.clock, owner)


RELEASE = Step("release", "release in place", look, apply, things)
