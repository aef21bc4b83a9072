"""Is this a system Caretaker knows, with what it needs to run on?

Owns the checks of distribution, architecture, Python, systemd and programs.
"""

from __future__ import annotations

import re

from agent.findings import Finding, failed, passed, warned
from agent.host.spawn import PATH
from agent.manifest.suggest import suggestion
from agent.preflight.check import ON_A_MACHINE, PreflightCheck
from agent.preflight.subject import Subject
from agent.systems.system import Kinship, known_systems

ARCHITECTURES = ("x86_64", "aarch64")
OLDEST_PYTHON = (3, 11)
OLDEST_SYSTEMD = 249  # Ubuntu 22.04's; LoadCredential= and Restart= of one-shots are older
PROGRAMS = ("systemctl", "journalctl", "systemd-sysusers", "systemd-tmpfiles", "useradd")
SYSTEMCTL_TIMEOUT = 5.0  # seconds


def _supported(subject: Subject) -> Finding:
    match = subject.match
    if match.kinship is Kinship.EXACT:
        return passed(f"{match.os.title} is supported")
    if match.system is not None:
        text = f"{match.os.title} is made from {match.system.title} and was never tested itself"
        return warned("system-untested", text)
    if subject.embedded:
        return warned("system-unknown", f"{match.os.title} is not among the systems tested")
    titles = ", ".join(system.title for system in known_systems())
    text = f"{match.os.title} is not supported; it runs on {titles}"
    return failed("system-unsupported", text)


SUPPORTED = PreflightCheck(
    code="system",
    title="Operating system",
    why="Packages, users and trust stores differ; on an untried system setup would guess.",
    fix="use a system that is supported, or run setup.sh with --root DIR",
    look=_supported,
)


def _sold_for(subject: Subject) -> Finding:
    wanted = subject.manifest.requirements.systems
    known = [system.id for system in known_systems()]
    for name in wanted:
        if name not in known:
            near = suggestion(name, known)
            return warned("system-misnamed", f'the manifest names "{name}"{near}', wanted=name)
    if not wanted:
        return passed("the appliance takes any supported system")
    system = subject.match.system
    names = ", ".join(wanted)
    if system is not None and system.id in wanted:
        return passed(f"the appliance is sold for {system.title}", wanted=names)
    here = system.title if system else subject.match.os.title
    text = f"the appliance is sold for {names}, not for {here}"
    if subject.embedded:
        return warned("system-not-sold", text, wanted=names)
    return failed("system-not-sold", text, wanted=names)


SOLD_FOR = PreflightCheck(
    code="sold-for",
    title="Systems the appliance is sold for",
    why="The vendor built and tested the payload for these systems only.",
    fix="use one of: {wanted}; or change requirements.systems in appliance.toml",
    look=_sold_for,
)


def _architecture(subject: Subject) -> Finding:
    name = subject.architecture
    if name in ARCHITECTURES:
        return passed(f"the processor is {name}")
    text = f"the processor is {name}; the libraries are built for {' and '.join(ARCHITECTURES)}"
    return failed("architecture-unsupported", text)


ARCHITECTURE = PreflightCheck(
    code="architecture",
    title="Processor architecture",
    why="The libraries Caretaker needs are compiled for these processors.",
    fix="use a 64-bit x86 or Arm machine",
    look=_architecture,
)


def _python(subject: Subject) -> Finding:
    version = ".".join(map(str, subject.python))
    if subject.python >= OLDEST_PYTHON:
        return passed(f"Python {version}")
    system = subject.match.system
    packages = " ".join(system.python_packages) if system else "python3.11"
    return failed("python-old", f"this is Python {version}; 3.11 is needed", packages=packages)


PYTHON = PreflightCheck(
    code="python",
    title="Python",
    why="Caretaker is written for Python 3.11 and newer.",
    fix="install it: {packages}",
    look=_python,
)


def _systemd(subject: Subject) -> Finding:
    done = subject.host.run(["systemctl", "--version"], timeout=SYSTEMCTL_TIMEOUT)
    match = re.match(r"systemd (\d+)", done.stdout)
    if match is None:
        return warned("systemd-silent", f"systemctl does not say its version: {done.reason}")
    version = int(match[1])
    if version < OLDEST_SYSTEMD:
        text = f"systemd is {version}; {OLDEST_SYSTEMD} is needed"
        return failed("systemd-old", text, observed=version)
    return passed(f"systemd {version}", observed=version)


SYSTEMD = PreflightCheck(
    code="systemd",
    title="systemd",
    why="The units use sandboxing and credentials that older releases ignore.",
    fix="upgrade the operating system, or run setup.sh with --root DIR",
    look=_systemd,
    where=ON_A_MACHINE,
)


def _programs(subject: Subject) -> Finding:
    missing = [name for name in PROGRAMS if not _on_path(subject, name)]
    if missing:
        names = ", ".join(missing)
        return failed("programs-missing", f"not on this machine: {names}", missing=names)
    system = subject.match.system
    if system is not None and not _on_path(subject, system.family.package_manager):
        # Hardened images go without; it is only missed if a package turns out to be.
        name = system.family.package_manager
        text = f"{name} is not on this machine, so no package can be added"
        return warned("packages-fixed", text, missing=name)
    return passed(f"all {len(PROGRAMS)} programs are here", observed=len(PROGRAMS))


def _on_path(subject: Subject, name: str) -> bool:
    return any(subject.path(f"{folder}/{name}").exists() for folder in PATH.split(":"))


PROGRAMS_HERE = PreflightCheck(
    code="programs",
    title="Programs of the system",
    why="Setup makes users, temporary folders and units with the system's own programs.",
    fix="install the packages that bring: {missing}",
    look=_programs,
    where=ON_A_MACHINE,
)


def _reboot(subject: Subject) -> Finding:
    if subject.path("/run/reboot-required").exists():
        packages = " ".join(subject.text("/run/reboot-required.pkgs").split()[:5])
        text = f"a reboot is pending{f' for {packages}' if packages else ''}"
        return warned("reboot-pending", text)
    modules = subject.names("/lib/modules")
    # Inside a container the kernel's modules are the host's and not here at all.
    if modules and subject.kernel not in modules and not subject.word("/run/systemd/container"):
        text = f"kernel {subject.kernel} runs, and only modules for {modules[-1]} are installed"
        return warned("kernel-replaced", text)
    return passed("no reboot is pending")


REBOOT = PreflightCheck(
    code="reboot",
    title="Pending reboot",
    why="Half of an upgrade is in memory; a module needed now may be gone from the disk.",
    fix="sudo systemctl reboot, then run setup.sh again",
    look=_reboot,
    where=ON_A_MACHINE,
)
