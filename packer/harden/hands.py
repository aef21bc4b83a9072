"""The acts of hardening: a file written, a mode set, a program run.

Owns doing them below the site's root only. Refuses a folder that a link leads out of it.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from agent.errors import MachineError
from agent.host import files, permissions
from agent.host.accounts import is_root
from packer.harden.control import Site

_PACKAGES = 900.0  # seconds; a slow mirror
_PROGRAM = 120.0


def place(site: Site, path: str) -> Path:
    """Where it stands. Raises MachineError `file-unsafe`."""
    found = site.host.path(path)
    root = site.host.root.resolve()
    if not found.parent.resolve().is_relative_to(root):
        raise MachineError(
            "file-unsafe",
            f"{found.parent} leads out of {root}, so {path} was not written",
            hint=f"ls -ld {found.parent}",
        )
    return found


def text(site: Site, path: str) -> str:
    """Its content; empty where there is none. FileFailure for what is no regular file."""
    try:
        return files.read_bytes(place(site, path)).decode(errors="surrogateescape")
    except FileNotFoundError:
        return ""


def put(site: Site, path: str, content: str, *, mode: int | None = None) -> None:
    """Write it whole. Without `mode` it keeps mode and owner; a new one is root's, 0644."""
    target = place(site, path)
    files.ensure_folder(target.parent, mode=_mode_of(target.parent, 0o755))
    found = permissions.read(target)
    if mode is None:
        mode = found.mode if found else 0o644
    owner = found.owner if found else _roots(site)
    files.replace(target, content.encode(errors="surrogateescape"), mode=mode, owner=owner)


def folder(site: Site, path: str, *, mode: int) -> None:
    """A folder of root's."""
    files.ensure_folder(place(site, path), mode=mode, owner=_roots(site))


def set_facts(site: Site, path: str, *, mode: int, owner: tuple[int, int] | None) -> None:
    """Permission bits, and where said (uid, gid)."""
    permissions.restore(place(site, path), mode, owner)


def run(site: Site, argv: Sequence[str], *, stdin: bytes | None = None) -> str:
    """A program to its end; what it printed. Raises MachineError `command-failed`."""
    done = site.host.run(
        argv, timeout=_PACKAGES if argv[0] == "apt-get" else _PROGRAM, stdin=stdin,
        env={"DEBIAN_FRONTEND": "noninteractive"},
    )  # fmt: skip
    if not done.ok:
        raise MachineError(
            "command-failed", f"{' '.join(argv)}: {done.reason}", hint=shlex.join(argv)
        )
    return done.stdout


def is_live(site: Site) -> bool:
    """Whether the site is this machine, so that its own programs may be run on it."""
    return site.host.root == Path("/")


def _mode_of(path: Path, otherwise: int) -> int:
    found = permissions.read(path)
    return found.mode if found else otherwise


def _roots(site: Site) -> tuple[int, int] | None:
    """Root's, where we are root; below a test's root files are the test's."""
    return (0, 0) if is_root() else None
