"""Settling: everything derived from the active deployment made to agree with it.

Owns the order: the manifest in place, users and secrets that it is the first to name, files of
systemd's, folders and pairs. Each is compared before it is written, so a second run changes nothing
and an interrupted one is finished by it. Refuses to start any service of the application.
"""

from __future__ import annotations

from agent.backup import secrets_back
from agent.change import derived
from agent.deployment import Deployments
from agent.errors import MachineError
from agent.host import files, users
from agent.host.unit_facts import read_units
from agent.housekeeping.open import note_tasks
from agent.ledger import Ledger
from agent.patching import automatic
from agent.remedies import paths, tls
from agent.remedies.remedy import Scene
from agent.secrets import Secrets


def settle_files(scene: Scene) -> None:
    """What embedded mode needs as well: manifest, secrets, folders, pairs. CaretakerError,
    HostFailure."""
    put_manifest(scene)
    active = Deployments(scene.layout, scene.host.clock).active()
    if active is not None:
        secrets_back.settle(scene.layout, scene.manifest, active.number)
    secrets = Secrets(scene.layout)
    for name, spec in scene.manifest.secrets.items():
        secrets.ensure(name, spec)
    _mend(scene)
    _fence(scene)


def settle_units(scene: Scene) -> None:
    """Units, drop-ins, timers and environment files, known to systemd and enabled; automatic
    updates of the system as this manifest wants them."""
    wanted = derived.derived_files(scene.manifest, scene.layout, scene.values)
    changed = [each for each in wanted if not derived.stands(each)]
    for each in changed:
        derived.write(each)
    orphans = derived.orphans(scene.layout, wanted)
    for path in orphans:
        if path.parent == scene.layout.units:
            _control(scene, "disable", "--now", path.name)
        files.remove(path)
    enabled = derived.enabled_units(scene.manifest)
    facts = read_units([*enabled, *dict.fromkeys(each.unit for each in wanted if each.unit)])
    # Asked, since a run may have been killed between its last file and this.
    if changed or orphans or any(each.reload_needed for each in facts.values()):
        _control(scene, "daemon-reload")
        facts = read_units(enabled)
    off = [name for name in enabled if not facts[name].is_enabled]
    if off:
        # From the same moment as systemd will, which reckons a new timer from its start.
        note_tasks(scene.manifest, scene.layout, scene.host)
        _control(scene, "enable", *off)
    if not automatic.stands(scene.manifest, scene.host):
        automatic.apply(scene.manifest, scene.host)


def put_manifest(scene: Scene) -> None:
    """The active deployment's manifest where the agent and every one-shot read it. FileFailure."""
    layout = scene.layout
    active = Deployments(layout, scene.host.clock).active()
    text = Deployments(layout, scene.host.clock).manifest(active.number) if active else None
    if text is not None and _in_place(scene) != text:
        files.replace(layout.manifest, text)


def make_users(scene: Scene) -> None:
    """Users that a new version is the first to name; who is there stays as it is. HostFailure."""
    app = scene.manifest.appliance.name
    named = [each.user for each in scene.manifest.services.values() if each.command and each.user]
    for name in dict.fromkeys([app, *named]):
        user = name.partition(":")[0]
        if not users.is_whole(user):
            users.make_system_user(user, home=scene.layout.data_home)


def _in_place(scene: Scene) -> bytes | None:
    try:
        return files.read_bytes(scene.layout.manifest)
    except FileNotFoundError:
        return None


def _mend(scene: Scene) -> None:
    """Declared folders, and pairs that are not there yet: no service may start without.

    A pair that is only old is the daemon's to have renewed, and takes no downtime.
    """
    for fault in paths.find(scene):
        if not fault.refusal:
            paths.mend(scene, fault)
    missing = [
        name
        for name in scene.manifest.certificates
        if not (scene.layout.certificate(name) / "cert.pem").exists()
    ]
    if missing:
        for fault in tls.find(scene):
            if fault.target.partition(":")[0] in missing and not fault.refusal:
                tls.mend(scene, fault)


def _fence(scene: Scene) -> None:
    """A database elsewhere takes writes for the active deployment, and for no other one."""
    deployments = Deployments(scene.layout, scene.host.clock)
    if not scene.manifest.database.engine or not deployments.any_elsewhere():
        return
    # It loads the client of the database, which most appliances do without.
    from agent.database.fence import settle_fences

    for problem in settle_fences(scene):
        ledger = Ledger(scene.layout.ledger, scene.host.clock)
        ledger.write("database fence", target="databases", outcome="failed", why=problem)


def _control(scene: Scene, verb: str, *words: str) -> None:
    done = scene.host.systemd.control(verb, *words)
    if not done.ok:
        raise MachineError(
            "command-failed", f"systemctl {verb}: {done.reason}", hint="systemctl status"
        )
