"""Units that run at boot, and units that never may.

Owns looking at systemd's links as files, so that an image can be judged without being booted.
Refuses to start or stop anything: what is enabled starts at the next boot.
"""

from __future__ import annotations

from collections.abc import Iterable

from packer.certify.finding import Finding
from packer.certify.rule import Subject
from packer.certify.tree import Tree
from packer.harden import hands
from packer.harden.control import Site
from packer.harden.want import Want

_OWN = "/etc/systemd/system"
_FOLDERS = (_OWN, "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


def enabled(unit: str) -> Want:
    """Some target or unit wants it, and it is not masked."""

    def look(subject: Subject) -> Iterable[Finding]:
        if not stands(subject.tree, unit):
            yield Finding(f"{_OWN}/{unit}", "there is no such unit")
        elif _is_masked(subject.tree, unit):
            yield Finding(f"{_OWN}/{unit}", "is masked")
        elif not _wanted_by(subject.tree, unit):
            yield Finding(f"{_OWN}/{unit}", "is not enabled")

    def make(site: Site) -> None:
        _systemctl(site, "unmask", unit)
        _systemctl(site, "enable", unit)

    return Want(f"{_OWN}/{unit}", look, make)


def masked(unit: str) -> Want:
    """Nothing can start it. Where there is no such unit there is nothing to mask."""

    def look(subject: Subject) -> Iterable[Finding]:
        if stands(subject.tree, unit) and not _is_masked(subject.tree, unit):
            yield Finding(f"{_OWN}/{unit}", "may be started")

    def make(site: Site) -> None:
        _systemctl(site, "disable", unit)
        _systemctl(site, "mask", unit)

    return Want(f"{_OWN}/{unit}", look, make)


def stands(tree: Tree, unit: str) -> bool:
    return any(tree.entry(f"{folder}/{unit}") is not None for folder in _FOLDERS)


def _is_masked(tree: Tree, unit: str) -> bool:
    entry = tree.entry(f"{_OWN}/{unit}")
    return entry is not None and entry.is_link and entry.target == "/dev/null"


def _wanted_by(tree: Tree, unit: str) -> bool:
    for folder in _FOLDERS:
        for name in tree.names(folder):
            if name.endswith((".wants", ".requires")) and unit in tree.names(f"{folder}/{name}"):
                return True
    return False


def _systemctl(site: Site, verb: str, unit: str) -> None:
    # --root: only links are changed, with or without a systemd that runs.
    hands.run(site, ["systemctl", f"--root={site.host.root}", "--quiet", verb, unit])
