"""Is anybody else at work in the same place?

Owns the checks of another setup or change, and of units with our names or missing under theirs.
"""

from __future__ import annotations

import os
import re

from agent.findings import Finding, failed, passed
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.locks import holder_of
from agent.preflight.subject import Subject
from agent.services.names import target_name, unit_name

OURS = "Written by Caretaker"  # stands in each unit that setup writes (agent/services/units.py)
# In the order in which systemd looks (systemd.unit(5), unit file load path).
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)


def _other_setup(subject: Subject) -> Finding:
    path = subject.layout.setup_lock
    try:
        words = path.read_text(errors="replace")[:200]
    except OSError:
        return passed("nobody else is at work")
    holder = holder_of(subject, path, kind="FLOCK")
    written = re.search(r"\(pid (\d+)\)", words)
    # Our own process holds it while the steps run; then this check is about itself.
    if holder is None or holder.pid == os.getpid() or written is None:
        return passed("nobody else is at work")
    if int(written[1]) == os.getpid():
        return passed("nobody else is at work")
    text = f"somebody else is at work ({words.strip()})"
    return failed("setup-running", text, pid=holder.pid)


OTHER_SETUP = PreflightCheck(
    code="other-setup",
    title="Another setup or upgrade",
    why="Two at once would undo each other's work.",
    fix="wait for it: tail --pid={pid} -f /dev/null",
    look=_other_setup,
)


def _unit_names(subject: Subject) -> Finding:
    manifest = subject.manifest
    names = [target_name(manifest)]
    names += [
        unit_name(manifest, name) for name, service in manifest.services.items() if service.command
    ]
    for name in names:
        for folder in UNIT_FOLDERS:
            path = f"{folder}/{name}"
            there = subject.path(path)
            if (there.exists() or there.is_symlink()) and OURS not in subject.text(path):
                text = f"{path} is there and was not written by Caretaker"
                return failed("unit-taken", text, path=path, name=name)
    return passed("no unit of these names is somebody else's")


UNIT_NAMES = PreflightCheck(
    code="unit-names",
    title="Names of units",
    why="It would replace somebody's unit, or be hidden by it.",
    fix="sudo systemctl disable --now {name}; then move {path} away",
    look=_unit_names,
    where=ON_A_MACHINE,
)


def _declared_units(subject: Subject) -> Finding:
    missing = [
        service.unit
        for service in subject.manifest.services.values()
        if service.unit and not _exists(subject, service.unit)
    ]
    if missing:
        names = " ".join(missing)
        return failed("unit-missing", f"not on this machine: {names}", names=names)
    return passed("every unit that services name is there")


def _exists(subject: Subject, unit: str) -> bool:
    # An instance comes from its template: postgresql@15-main.service from postgresql@.service.
    stem, at, _ = unit.partition("@")
    kind = unit.rpartition(".")[2]
    names = [unit, *([f"{stem}@.{kind}"] if at else [])]
    folders = (*UNIT_FOLDERS, "/run/systemd/generator", "/run/systemd/generator.late")
    return any(subject.path(f"{folder}/{name}").exists() for folder in folders for name in names)


DECLARED_UNITS = PreflightCheck(
    code="service-units",
    title="Units that services name",
    why="What is not installed can't be started.",
    fix="install the packages that bring: {names}",
    look=_declared_units,
    where=ON_A_MACHINE,
)
