"""Caretaker's own folders and those of the layout: where, with which mode, whose.

Owns the table; setup makes them, and the remedy `paths` restores them. Refuses to touch any, and
anything but the standard library: setup reads it before any library is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.layout import TOOL_USER, Layout

ROOT = "root"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that must be there. `owner` is a user's name; it only counts on a machine.

    `holds`: what it holds can't be made anew, so an empty one in its place would hide a loss.
    """

    path: Path
    mode: int
    owner: str = ROOT
    holds: bool = False


def folders(layout: Layout) -> tuple[Folder, ...]:
    """Every folder, parents first. What an application may write is made by its release step."""
    found = [
        Folder(layout.etc, 0o755),
        Folder(layout.etc / "keys", 0o755),
        Folder(layout.config, 0o755),
        Folder(layout.secrets, 0o700),
        Folder(layout.tls, 0o755),
        # Environment files hold secrets; PID 1 reads them (systemd.exec(5), EnvironmentFile=).
        Folder(layout.environments, 0o700),
        Folder(layout.state, 0o755),
        Folder(layout.agent_state, 0o700, TOOL_USER),
        Folder(layout.logs, 0o750),
        Folder(layout.opt, 0o755),
        Folder(layout.releases, 0o755, holds=True),
        # Root's, so that the application can't flip `active`, the commit point.
        Folder(layout.data_home, 0o755, holds=True),
        Folder(layout.generations, 0o755, holds=True),
        Folder(layout.deployments, 0o755, holds=True),
        Folder(layout.setup_report.parent, 0o755),
    ]
    if layout.embedded:
        found += [Folder(layout.run, 0o755), Folder(layout.app_run, 0o755)]
    return tuple(found)
