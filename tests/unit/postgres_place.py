"""Real PostgreSQL for tests of moving one: clusters of the test's own, and scenes about them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.reader import parse
from agent.remedies.remedy import Scene
from agent.services.protocol import Services
from agent.values import values_for
from tests.unit.checks_world import ScriptedServices

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
OWNER: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
# Not pytest's folder: another user must be able to search the way to it.
MANIFEST = f"""
[appliance]
name = "movetest"
version = "1"
[secrets.db]
[services.db]
command = ["{PROGRAMS}/postgres", "-D", "{{data}}/postgres"]
user = "postgres"
[services.web]
command = ["/bin/true"]
environment = {{ DATABASE_URL = "{{database}}" }}
requires = ["db"]
[database]
engine = "postgres"
service = "db"
name = "shop"
user = "shop"
password = "{{secret:db}}"
"""


@contextmanager
def open_folder() -> Iterator[Path]:
    """One that other users can search."""
    folder = Path(tempfile.mkdtemp(prefix="caretaker-move-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def initdb(data: Path, *options: str) -> None:
    """A cluster whose superuser is postgres."""
    if OWNER:
        data.parent.mkdir(parents=True, exist_ok=True)
        shutil.chown(data.parent, "postgres", "postgres")
    argv = [str(PROGRAMS / "initdb"), "-D", str(data), "-U", "postgres", "-A", "peer",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", *options]  # fmt: skip
    subprocess.run(argv, check=True, capture_output=True, **OWNER)


def scene_at(root: Path, text: str = MANIFEST, services: Services | None = None) -> Scene:
    """A scene below `root`, with a first deployment and its secret."""
    layout = replace(Layout(root), app="movetest")
    manifest = parse(text)
    if not layout.active.is_symlink():
        (layout.deployments / "1").mkdir(parents=True)
        (layout.generations / "1").mkdir(parents=True)
        (layout.deployments / "1/state").symlink_to("../../generations/1")
        (layout.deployments / "1/release").symlink_to(layout.releases / "1-abc")
        layout.active.symlink_to("deployments/1")
        layout.secrets.mkdir(parents=True)
        (layout.secrets / "db").write_text("geheimes-wort\n")
        layout.state.mkdir(parents=True)
    return Scene(
        host=Host(),
        manifest=manifest,
        layout=layout,
        values=values_for(manifest, layout),
        services=services or ScriptedServices(),
    )
