"""What the tests of upkeep's remedies share: a scene, a short manifest, small real disks."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.reader import parse
from agent.remedies.remedy import Scene
from agent.values import values_for
from tests.scripted_host import ScriptedHost, scripted_host
from tests.unit.checks_world import ScriptedServices

HEAD = '[appliance]\nname = "shop"\nversion = "1"\n'


def manifest(more: str = "") -> Manifest:
    return parse(HEAD + more, file="appliance.toml")


def scene(root: Path, more: str = "", *, host: Host | None = None, services: Any = None) -> Scene:
    """An appliance below `root`, on the scripted host unless another is given."""
    declared = manifest(more)
    layout = Layout(root, "shop")
    for folder in (layout.state, layout.data_home, layout.run):
        folder.mkdir(parents=True, exist_ok=True)
    return Scene(
        host=host or scripted_host(root),
        manifest=declared,
        layout=layout,
        values=values_for(declared, layout),
        services=services or ScriptedServices(),
    )


def scripted(stage: Scene) -> ScriptedHost:
    assert isinstance(stage.host, ScriptedHost)
    return stage.host


def as_machine(stage: Scene) -> Scene:
    """The same, as if it were not embedded: rules that ask the layout then see `/`."""
    return replace(stage, layout=Layout(Path("/"), "shop"))


@contextmanager
def small_disk(point: Path, options: str) -> Iterator[Path]:
    """A tmpfs of that size, gone at the end whatever happens."""
    point.mkdir(parents=True, exist_ok=True)
    argv = ["mount", "-t", "tmpfs", "-o", options, "caretaker-test", str(point)]
    subprocess.run(argv, check=True)
    try:
        yield point
    finally:
        subprocess.run(["umount", "--lazy", str(point)], check=True)


def fill(folder: Path, *, leave: int = 0) -> Path:
    """A file that takes all room but `leave` bytes."""
    path = folder / "ballast"
    with path.open("wb") as stream:
        try:
            while True:
                room = os.statvfs(folder)
                free = room.f_bavail * room.f_frsize - leave
                if free <= 0:
                    break
                stream.write(b"x" * min(free, 1 << 20))
                stream.flush()
        except OSError:
            pass
    return path


needs_root = os.geteuid() != 0
