"""Tables of what setup puts where, as data: entry points, systemd's own files.

Owns their paths; steps make them true, and the outline of a plan reads them before any library is
there. Folders stand in `agent.folders`. Refuses to touch the machine, and anything but the
standard library.
"""

from __future__ import annotations

from pathlib import Path

from agent.layout import Layout

COMMAND = Path("/usr/local/bin/caretaker")

# Folder below systemd/ of the tool -> where systemd reads it (file-hierarchy(7): /etc wins).
SYSTEMD_FILES = {
    ".": "etc/systemd/system",
    "sysusers.d": "etc/sysusers.d",
    "tmpfiles.d": "etc/tmpfiles.d",
    "system-preset": "etc/systemd/system-preset",
    "journald.conf.d": "etc/systemd/journald.conf.d",
}
ENABLED = (
    "caretaker.target",
    "caretaker-boot.service",
    "caretaker.service",
    "caretaker-act.socket",
    "caretaker-os-boot.service",
    "caretaker-thaw.service",
)
# Where updates of the system are set up, each where its folder is (agent/patching/automatic.py).
UPDATE_FILES = ("/etc/apt/apt.conf.d/52caretaker", "/etc/needrestart/conf.d/caretaker.conf")
# Units with a drop-in of this appliance's own.
ADJUSTED = (
    "caretaker.service",
    "caretaker-boot.service",
    "caretaker-change.service",
    "caretaker-recover.service",
    "caretaker-remedy@.service",
    "caretaker-task@.service",
)


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
