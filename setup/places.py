"""Tables of what setup puts where, as data: folders, entry points, systemd's own files.

Owns paths, modes and owners' names; steps make them true, and the outline of a plan reads them
before any library is there. Refuses to touch the machine, and anything but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.layout import TOOL_USER, Layout

ROOT = "root"
COMMAND = Path("/usr/local/bin/caretaker")

# Folder below systemd/ of the tool -> where systemd reads it (file-hierarchy(7): /etc wins).
SYSTEMD_FILES = {
    ".": "etc/systemd/system",
    "sysusers.d": "etc/sysusers.d",
    "tmpfiles.d": "etc/tmpfiles.d",
    "system-preset": "etc/systemd/system-preset",
    "journald.conf.d": "etc/systemd/journald.conf.d",
}
ENABLED = ("caretaker.target", "caretaker.service", "caretaker-act.socket")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that must be there. `owner` is a user's name; it only counts on a machine."""

    path: Path
    mode: int
    owner: str = ROOT


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
        Folder(layout.releases, 0o755),
        # Root's, so that the application can't flip `active`, the commit point.
        Folder(layout.data_home, 0o755),
        Folder(layout.generations, 0o755),
        Folder(layout.deployments, 0o755),
        Folder(layout.setup_report.parent, 0o755),
    ]
    if layout.embedded:
        found += [Folder(layout.run, 0o755), Folder(layout.app_run, 0o755)]
    return tuple(found)


def links(layout: Layout) -> dict[Path, str]:
    """The customer's entry points: link -> target."""
    tool = layout.tool / "tool"
    found = {
        layout.opt / "setup.sh": str(tool / "setup/setup.sh"),
        layout.opt / "support": str(tool / "support"),
    }
    if not layout.embedded:
        found[COMMAND] = str(layout.tool / "venv/bin/caretaker")
    return found


def systemd_files(tool: Path, layout: Layout) -> dict[Path, Path]:
    """Where each fixed file of systemd's goes: target -> file of the tool."""
    found = {}
    for folder, target in SYSTEMD_FILES.items():
        source = tool / "systemd" / folder
        for path in sorted(source.iterdir()) if source.is_dir() else []:
            if path.is_file() and not path.name.startswith("."):
                found[layout.root / target / path.name] = path
    return found


def short(layout: Layout, path: Path) -> str:
    """A path for people: below the root of an embedded appliance, from there."""
    return str(path.relative_to(layout.root)) if layout.embedded else str(path)
