"""Who judges the end: exactly old and healthy or new and healthy, nothing lost, no litter.

Owns what may lie where below the root. Reads everything anew, by nothing of the product but its
names of paths and its records.
"""

from pathlib import Path

from agent.deployment import Deployment, Deployments
from agent.errors import CaretakerError
from agent.host.clock import Clock
from agent.host.failures import HostFailure
from bench.crash import appliance
from bench.crash.world import load

HOME = frozenset(("active", "deployments", "generations", "quarantine"))
BESIDE = frozenset(("deployment.json", "appliance.toml", "database.json", "release", "state"))


def judge(root: Path, wanted: tuple[int, ...]) -> list[str]:
    """What is wrong where one of these versions should run."""
    layout = appliance.layout_of(root)
    deployments = Deployments(layout, Clock())
    try:
        active = deployments.active()
        listed = [each.deployment for each in deployments.listed()]
    except (CaretakerError, HostFailure) as error:
        return [f"deployments can't be read: {error}"]
    if active is None:
        return ["nothing is active"]
    wrong = [*_whole(root, active, wanted), *_litter(root, listed)]
    for each in listed:
        if each.number != active.number:
            wrong += _kept(root, each)
    return [*wrong, *_runs(root, active, wanted)]


def judge_first(root: Path) -> list[str]:
    """What is wrong after the first deployment, whose data is empty."""
    layout = appliance.layout_of(root)
    deployments = Deployments(layout, Clock())
    active = deployments.active()
    if active is None:
        return ["nothing is active"]
    wrong = _litter(root, [each.deployment for each in deployments.listed()])
    if deployments.manifest(active.number) != appliance.manifest(1):
        wrong.append("the deployment has no manifest, or another one")
    if not layout.data.is_dir() or list(layout.data.iterdir()):
        wrong.append("the first data is not an empty folder")
    return wrong + _release(layout.current, 1)


def _whole(root: Path, active: Deployment, wanted: tuple[int, ...]) -> list[str]:
    layout = appliance.layout_of(root)
    version = int(float(active.version))
    wrong = [] if version in wanted else [f"version {version} is active, not {wanted}"]
    wrong += _release(layout.current, version)
    data, faults = appliance.faults_of(layout.data)
    if data != version:
        wrong.append(f"code of version {version}, data of version {data}")
    if layout.manifest.read_bytes() != appliance.manifest(version):
        wrong.append(f"the manifest in place is not that of version {version}")
    return wrong + faults


def _release(folder: Path, version: int) -> list[str]:
    wrong = []
    for name, content in appliance.payload(version).items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            wrong.append(f"release {version}: {name} is not what was shipped")
        elif name.startswith("bin/") and not path.stat().st_mode & 0o111:
            wrong.append(f"release {version}: {name} can't be executed")
    return wrong


def _kept(root: Path, one: Deployment) -> list[str]:
    """An earlier deployment, or one that was gone back from, is whole and could be gone to."""
    layout = appliance.layout_of(root)
    if not one.version:
        return [f"deployment {one.number} is not whole"]
    if one.committed is None and one.abandoned is None:
        return [f"deployment {one.number} was never in use, and is still there"]
    data, faults = appliance.faults_of(layout.generations / str(one.generation))
    version = int(float(one.version))
    if data != version:
        faults.append(f"data of version {data}, for code of version {version}")
    faults += _release(layout.deployments / str(one.number) / "release", version)
    return [f"deployment {one.number}, which is kept: {each}" for each in faults]


def _litter(root: Path, listed: list[Deployment]) -> list[str]:
    layout = appliance.layout_of(root)
    wrong = [f"{each} lies in the data's home" for each in _names(layout.data_home) - HOME]
    numbers = {str(each.number) for each in listed}
    generations = {str(each.generation) for each in listed}
    wrong += [f"deployments/{each} is litter" for each in _names(layout.deployments) - numbers]
    wrong += [f"generations/{each} is litter" for each in _names(layout.generations) - generations]
    for number in numbers:
        more = _names(layout.deployments / number) - BESIDE
        wrong += [f"deployments/{number}/{each} is litter" for each in more]
    for path in root.rglob("*"):
        if path.name.endswith((".part", ".tmp", ".new")):
            wrong.append(f"{path.relative_to(root)} is litter")
    return wrong


def _runs(root: Path, active: Deployment, wanted: tuple[int, ...]) -> list[str]:
    world = load(root)
    wrong = list(world.mixed)
    if world.running != int(float(active.version)):
        wrong.append(f"version {world.running} runs, {active.version} is active")
    if world.away:
        wrong.append("traffic is still kept away")
    return wrong


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()
