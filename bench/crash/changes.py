"""Operations over `agent.change`: an upgrade, one that never gets healthy, a rollback, an install.

Owns how each is prepared, done, recovered and judged.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from agent.change.change import Change, Draft, Target
from agent.change.course import carry_out
from agent.change.recovery import recover
from agent.change.sweep import asides
from agent.data.clone import clone
from agent.deployment import Deployments
from agent.errors import CaretakerError
from agent.host import files, lock, trees
from agent.host.clock import Clock
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.manifest.reader import parse
from agent.remedies.remedy import Scene
from agent.services.on_systemd import OnSystemd
from agent.values import values_for
from bench.crash import appliance, oracle
from bench.crash.operation import Failed, Operation, Wanted
from bench.crash.world import Machine, World, save

# What may differ where nothing changed: the story, and what the course says of its last run.
PASSING = ("var/lib/caretaker", "run")


def scene_of(root: Path) -> Scene:
    layout = appliance.layout_of(root)
    manifest = parse(layout.manifest.read_text())
    host = Host(root=root)
    return Scene(host, manifest, layout, values_for(manifest, layout), OnSystemd(manifest, host))


def installed(root: Path) -> None:
    """Version 1 runs with its data; version 2 is staged as its bundle would be."""
    layout = appliance.layout_of(root)
    for folder in (layout.etc, layout.state, layout.config, layout.deployments):
        files.ensure_folder(folder)
    files.replace(layout.manifest, appliance.manifest(1))
    deployments = Deployments(layout, Clock())
    payload = appliance.write_payload(1, root.parent / "payload-1")
    release = deployments.stage(payload, "1.0")
    deployments.deploy(release, payload, "1.0", appliance.manifest(1))
    appliance.write_data(layout.data.resolve())
    stage(root, 2)
    save(root, World(running=1))


def stage(root: Path, version: int) -> Path:
    payload = root.parent / f"payload-{version}"
    if not payload.exists():
        appliance.write_payload(version, payload)
    return Deployments(appliance.layout_of(root), Clock()).stage(payload, f"{version}.0")


def _make(draft: Draft) -> None:
    done = clone(draft.source, draft.data, progress=draft.progress, clock=draft.scene.host.clock)
    draft.told["how"] = done.how
    appliance.migrate(draft.data)


def _upgrade(root: Path, release: Path) -> Change:
    target = Target(
        version="2.0",
        digest=trees.digest(release),
        release=release.name,
        manifest=appliance.manifest(2),
        sequence=2,
    )
    return Change("upgrade", "upgrade Shop 1.0 to 2.0", target, _make)


def _rollback(root: Path) -> Change:
    deployments = Deployments(appliance.layout_of(root), Clock())
    one = deployments.find(1)
    if one is None:
        raise Failed("deployment 1 is gone")
    target = Target(
        version=one.version,
        digest=one.digest,
        release=one.release,
        manifest=deployments.manifest(1) or b"",
        number=1,
    )
    return Change("rollback", "go back to Shop 1.0", target, None)


def _change(root: Path, wanted: str, change: Callable[[Path], Change], *, sick: int = 0) -> None:
    """What the one-shot does: the lock, what is left of an earlier run, then the change itself."""
    layout = appliance.layout_of(root)
    means = Machine(root, sick=sick)
    try:
        with lock.exclusive(layout.setup_lock, purpose="a change"):
            recover(scene_of(root), means=means)
            active = Deployments(layout, Clock()).active()
            if active is not None and active.version == wanted:
                return
            carry_out(scene_of(root), change(root), means=means)
    except (CaretakerError, HostFailure, OSError) as error:
        raise Failed(str(error)) from error


def recovered(root: Path, booting: bool, *, sick: int = 0) -> None:
    """What recovers where nobody runs the change again: its own unit at its end, or a boot."""
    means = Machine(root, sick=sick)
    with lock.exclusive(appliance.layout_of(root).setup_lock, purpose="recovery"):
        if booting:
            recover(scene_of(root), means=means, booting=True)
            means.start(scene_of(root))
        try:
            recover(scene_of(root), means=means)
        except CaretakerError as error:
            raise Failed(str(error)) from error


def upgrade(root: Path) -> None:
    _change(root, "2.0", lambda root: _upgrade(root, stage(root, 2)))


def sick_upgrade(root: Path) -> None:
    _change(root, "2.0", lambda root: _upgrade(root, stage(root, 2)), sick=2)


def rollback(root: Path) -> None:
    _change(root, "1.0", _rollback)


def sick(root: Path) -> None:
    try:
        sick_upgrade(root)
    except Failed:
        if not _gone_back_from(root):
            raise


def _gone_back_from(root: Path) -> bool:
    listed = Deployments(appliance.layout_of(root), Clock()).listed()
    return any(each.standing == "abandoned" for each in listed)


def install(root: Path) -> None:
    """What setup does the first time: stage the payload, join it with empty data, flip."""
    layout = appliance.layout_of(root)
    try:
        with lock.exclusive(layout.setup_lock, purpose="setup"):
            asides(layout)  # as setup's step `accounts` does
            _first(root, Deployments(layout, Clock()))
    except (CaretakerError, HostFailure, OSError) as error:
        raise Failed(str(error)) from error


def _first(root: Path, deployments: Deployments) -> None:
    payload = appliance.write_payload(1, root.parent / "payload-1")
    if not deployments.serves(payload, "1.0"):
        release = deployments.stage(payload, "1.0")
        deployments.deploy(release, payload, "1.0", appliance.manifest(1))


def _bare(root: Path) -> None:
    layout = appliance.layout_of(root)
    for folder in (layout.etc, layout.state, layout.config):
        files.ensure_folder(folder)
    files.replace(layout.manifest, appliance.manifest(1))
    if not (root.parent / "payload-1").exists():
        appliance.write_payload(1, root.parent / "payload-1")


def _judge_install(root: Path, wanted: Wanted) -> list[str]:
    """Setup run again is its own recovery, so nothing is asked of it before."""
    return oracle.judge_first(root) if wanted == "new" else []


def _judge_sick(root: Path, wanted: Wanted) -> list[str]:
    wrong = oracle.judge(root, (1,))
    if wanted == "new" and not _gone_back_from(root):
        wrong.append("no deployment is kept that was gone back from")
    return wrong


def _judge_again(root: Path, wanted: Wanted) -> list[str]:
    wrong = oracle.judge(root, (2,) if wanted == "new" else (1, 2))
    if not _gone_back_from(root):
        wrong.append("the data that was gone back from is gone")
    return wrong


def _failed_before(root: Path) -> None:
    installed(root)
    sick(root)


def _upgraded(root: Path) -> None:
    installed(root)
    upgrade(root)


def _judge(old: int, new: int) -> Callable[[Path, Wanted], list[str]]:
    return lambda root, wanted: oracle.judge(root, (new,) if wanted == "new" else (old, new))


def _sick_recovery(root: Path, booting: bool) -> None:
    with contextlib.suppress(Failed):
        recovered(root, booting, sick=2)


def _no_recovery(root: Path, booting: bool) -> None:
    """Setup run again is its own; of what was written aside its first step takes care."""
    asides(appliance.layout_of(root))


INSTALL = Operation(
    name="install", prepare=_bare, act=install, recover=_no_recovery, judge=_judge_install,
    passing=PASSING,
)  # fmt: skip
UPGRADE = Operation(
    name="upgrade", prepare=installed, act=upgrade, recover=recovered, judge=_judge(1, 2),
    passing=PASSING,
)  # fmt: skip
SICK = Operation(
    name="upgrade that fails", prepare=installed, act=sick, recover=_sick_recovery,
    judge=_judge_sick, once=True, passing=PASSING,
)  # fmt: skip
AGAIN = Operation(
    name="upgrade after it failed", prepare=_failed_before, act=upgrade, recover=recovered,
    judge=_judge_again, passing=PASSING,
)  # fmt: skip
ROLLBACK = Operation(
    name="rollback", prepare=_upgraded, act=rollback, recover=recovered, judge=_judge(2, 1),
    passing=PASSING,
)  # fmt: skip
