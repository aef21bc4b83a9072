"""Packages of the distribution that the private environment is built from.

Owns reading systems.toml without our libraries, and installing through the machine's package
manager, waiting for its lock. Refuses to install anything as another user than root.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import MachineError
from agent.host import spawn
from agent.systems.os_release import OsRelease, read_os_release

SYSTEMS = Path(__file__).parents[2] / "agent/systems/systems.toml"
TIMEOUT = 1200.0  # seconds; a first-boot upgrade may hold the lock for ten minutes


@dataclass(frozen=True, slots=True)
class Distribution:
    """How this machine installs packages; `install` is empty where nobody knows."""

    title: str
    install: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    python: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    build: tuple[str, ...] = ()

    def command(self, *packages: str) -> str:
        """What a person would type."""
        return " ".join([*self.install, *packages])

    def add(self, *packages: str) -> None:
        """Install packages, with a fresh list of them first. Raises MachineError."""
        if not self.install or os.geteuid() != 0:
            why = "only root may" if self.install else f"nobody knows how on {self.title}"
            hint = f"sudo {self.command(*packages)}" if self.install else "see docs/reference"
            raise MachineError(
                "command-failed", f"can't install {' '.join(packages)}: {why}", hint=hint
            )
        environment = dict(self.environment)
        # A stale list names files that the mirror dropped; a failed refresh may still do.
        spawn.run(self.refresh, timeout=TIMEOUT, env=environment)
        done = spawn.run([*self.install, *packages], timeout=TIMEOUT, env=environment)
        if not done.ok:
            raise MachineError(
                "command-failed",
                f"could not install {' '.join(packages)}: {done.reason}",
                hint=self.command(*packages),
            )


def this_distribution(machine: Path = Path("/")) -> Distribution:
    """The entry of systems.toml for this machine; one of its kin's family where it has none."""
    about = read_os_release(machine)
    raw = tomllib.loads(SYSTEMS.read_text(encoding="utf-8"))
    entry = _entry(raw["systems"], about)
    family = raw["families"].get(entry.get("family") or _family_here(raw["families"]))
    if family is None:
        return Distribution(about.title)
    short = f"{sys.version_info.major}.{sys.version_info.minor}"
    guess = [f"python{short}-venv"] if family["package_manager"] == "apt-get" else []
    return Distribution(
        title=about.title,
        install=(*family["install"], *family["wait_for_lock"]),
        refresh=(*family["refresh"], *family["wait_for_lock"]),
        environment=tuple(family["environment"].items()),
        python=tuple(entry.get("python_packages", guess)),
        journal=tuple(entry.get("journal_packages", ())),
        build=tuple(entry.get("build_packages", ())),
    )


def _entry(systems: list[dict[str, Any]], about: OsRelease) -> dict[str, Any]:
    for entry in systems:
        version = entry["version"]
        same = about.version == version or about.version.startswith(f"{version}.")
        if about.id == entry["os"] and same:
            return entry
    return {}


def _family_here(families: dict[str, Any]) -> str:
    for name, family in families.items():
        if shutil.which(family["package_manager"], path=spawn.PATH):
            return name
    return ""
