"""Is the application here?

Owns the checks of the payload, the programs in it, and the wheelhouse. Refuses to fetch.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from agent.findings import Finding, failed, passed, warned
from agent.host.spawn import PATH
from agent.preflight.check import PreflightCheck
from setup.preflight.subject import SetupSubject

ELF_MACHINES = {b"\x3e\x00": "x86_64", b"\xb7\x00": "aarch64"}  # e_machine, little-endian (elf(5))
_RELEASE = "{release}/"


def _folder(subject: SetupSubject) -> Path | None:
    """Where the application's files are before setup has run: beside the manifest, or staged in
    the image; None where they are nowhere."""
    folder = subject.source / subject.manifest.release.payload
    if folder.is_dir() and any(folder.iterdir()):
        return folder
    return subject.staged


def _payload(subject: SetupSubject) -> Finding:
    release = subject.manifest.release
    found = _folder(subject)
    if found is not None:
        return passed(f"the payload is in {found}")
    folder = subject.source / release.payload
    if subject.installed:
        return passed("a release is in place already")
    if release.build and not subject.offline:
        text = f"{folder} is empty; setup will build it first: {shlex.join(release.build)}"
        return warned("payload-unbuilt", text, build=shlex.join(release.build))
    text = f"{folder} is not there or empty"
    build = f"cd {subject.source} && {shlex.join(release.build)}" if release.build else ""
    return failed("payload-missing", text, build=build or f"copy the application to {folder}")


PAYLOAD = PreflightCheck(
    code="payload",
    title="Payload",
    why="Without the application's files there is nothing to run.",
    fix="fill it: {build}",
    look=_payload,
)


def _programs(subject: SetupSubject) -> Finding:
    payload = _folder(subject)
    for name, service in subject.manifest.services.items():
        if not service.command:
            continue
        program = service.command[0]
        path = _place(subject, payload, program)
        if path is None:
            continue
        if not os.access(path, os.X_OK) or path.is_dir():
            text = f"services.{name} runs {program}, which is no program ({path})"
            return failed("program-missing", text, path=str(path))
        kind = _machine_of(path)
        if kind and kind != subject.architecture:
            text = f"services.{name} runs {program}, built for {kind}; this is "
            return failed("program-foreign", text + subject.architecture, path=str(path))
    return passed("every service's program can run")


def _place(subject: SetupSubject, payload: Path | None, program: str) -> Path | None:
    """Where a program stands now; None where that can't be known before setup."""
    if program.startswith(_RELEASE):
        return payload / program.removeprefix(_RELEASE) if payload is not None else None
    if "{" in program:
        return None
    if "/" in program:
        return subject.path(program)
    for folder in PATH.split(":"):
        if subject.path(f"{folder}/{program}").exists():
            return subject.path(f"{folder}/{program}")
    return subject.path(f"/usr/bin/{program}")


def _machine_of(path: Path) -> str:
    """The processor a program was compiled for; empty for a script."""
    with path.open("rb") as stream:
        head = stream.read(20)
    return ELF_MACHINES.get(head[18:20], "") if head[:4] == b"\x7fELF" else ""


PROGRAMS = PreflightCheck(
    code="service-programs",
    title="Programs of the services",
    why="A unit whose program is missing, or for another processor, fails with status 203.",
    fix="correct command in appliance.toml, or chmod +x {path}",
    look=_programs,
)


def _wheelhouse(subject: SetupSubject) -> Finding:
    folder = subject.wheelhouse
    if folder is None:
        if subject.offline and not subject.installed:
            return warned("wheelhouse-none", "offline, and no wheelhouse was named", path=".")
        return passed("libraries come from the index" if not subject.offline else "not needed")
    wheels = sum(1 for name in folder.glob("*.whl")) if folder.is_dir() else 0
    if not wheels:
        return failed("wheelhouse-empty", f"{folder} holds no wheels", path=str(folder))
    return passed(f"{wheels} wheels in {folder}", observed=wheels)


WHEELHOUSE = PreflightCheck(
    code="wheelhouse",
    title="Wheelhouse",
    why="Without the network libraries come from there.",
    fix="make it on a machine with network: pip download -r requirements/runtime.lock -d {path}",
    look=_wheelhouse,
)
