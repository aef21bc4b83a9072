"""The first end: the machine gets what the appliance needs, and is made harder to break into.

Owns the order of that. Refuses to start the application: it starts on the customer's machine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agent.cli.appliance import manifest_of
from agent.errors import MachineError
from agent.host import files
from agent.host.machine import Host
from agent.layout import Layout
from packer.harden import CONTROLS, applying
from packer.harden.control import Site

WAITING = "/srv"  # where a base disk mounts its data volume (packer/disk/making.py)

_PATIENCE = 300.0  # seconds; these machines may be emulated


def parts(host: Host) -> tuple[tuple[str, Callable[[], str]], ...]:
    return (
        ("data", lambda: _data(host)),
        ("harden", lambda: _harden(host)),
        ("units", lambda: _units(host)),
    )


def _data(host: Host) -> str:
    """The data volume waits at /srv until there is an application whose data it is."""
    layout = manifest_of(Layout(host.root))[1]
    fstab = host.path("/etc/fstab")
    lines = files.read_bytes(fstab).decode().splitlines()
    moved = [line.replace(f" {WAITING} ", f" {layout.data_home} ") for line in lines]
    if moved == lines:
        return "no volume of its own"
    host.run(["umount", WAITING], timeout=_PATIENCE)
    files.ensure_folder(layout.data_home)
    files.replace(fstab, ("\n".join(moved) + "\n").encode())
    _run(host, "systemctl", "daemon-reload")
    _run(host, "mount", str(layout.data_home))
    return f"mounted at {layout.data_home}"


def _harden(host: Host) -> str:
    site = Site(host, manifest_of(Layout(host.root))[0])
    changed = [done for done in applying.apply(site) if done.paths]
    return f"{len(changed)} of {len(CONTROLS)} controls changed something"


def _units(host: Host) -> str:
    _run(host, "systemctl", "daemon-reload")
    _run(host, "systemctl", "enable", "caretaker-setup.service")
    return "caretaker-setup.service is enabled"


def _run(host: Host, *argv: str) -> None:
    done = host.run(argv, timeout=_PATIENCE)
    if not done.ok:
        raise MachineError("build-failed", f"{Path(argv[0]).name} {argv[1]}: {done.reason}",
                         hint=" ".join(argv))  # fmt: skip
