"""The one-shots of the system's updates: `upgrade` does what was asked, `boot` proves a boot.

Owns what a process edge owns: locks, signals, the answer's file, the exit status. Refuses rules.
"""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec.structs import replace as with_

from agent.cli.appliance import manifest_of
from agent.errors import BusyError, CaretakerError, MachineError, UsageError
from agent.host import core_dumps, files, lock, permissions
from agent.host.bell import Bell
from agent.host.failures import FileFailure, HostFailure, LockHeld
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.patching.boots import after_boot
from agent.patching.course import Course, write_end
from agent.patching.packages import find_packages
from agent.patching.reboot_now import reboot_now
from agent.patching.request import (
    OsOutcome,
    OsRequest,
    Told,
    failure_of,
    progress_path,
    request_file,
)
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene


def main(words: list[str], root: Path = Path("/")) -> int:
    core_dumps.switch_off()
    layout = Layout(root)
    try:
        manifest, layout = manifest_of(layout)
        if words == ["boot"]:
            health = after_boot(Host(), layout, manifest)
            return 0 if health is None or health.good else 6
        if words == ["upgrade"]:
            return _upgrade(layout, manifest)
    except (CaretakerError, HostFailure) as error:
        sys.stderr.write(f"error: {error}\n")
        return getattr(error, "exit_status", 4)
    sys.stderr.write("usage: python -I -m agent.patching upgrade|boot\n")
    return 2


def _upgrade(layout: Layout, manifest: Manifest) -> int:
    request = _taken(layout)
    scene = open_scene(manifest, layout)
    told = Told(progress_path(layout), request.id)
    told.begin()
    bell = Bell(["SIGTERM"])
    outcome = _done(scene, request, told, bell)
    write_end(scene, request, outcome)
    if outcome.failure is None and request.reboot and outcome.reboot:
        outcome = with_(outcome, rebooting=True)
        told.end(outcome)
        reboot_now(scene, outcome.reboot[0], request.actor)
        return 0
    told.end(outcome)
    return outcome.failure.status if outcome.failure else 0


def _done(scene: Scene, request: OsRequest, told: Told, bell: Bell) -> OsOutcome:
    """The outcome, whatever came: who waits for it is told."""
    heard: list[str] = []

    def stopped() -> bool:
        heard.extend(bell.wait(0.0))
        return bool(heard)

    packages = find_packages(scene.host)
    course = None
    try:
        if packages is None:
            why = "this machine has neither apt nor dnf"
            raise MachineError("system-unsupported", why, hint="caretaker os status")
        with lock.exclusive(scene.layout.setup_lock, purpose="an upgrade of the system"):
            _fresh_log(scene.layout)
            course = Course(scene, packages, request, told, stopped=stopped)
            return course.go()
    except LockHeld as error:
        failure: CaretakerError = BusyError(
            "lock-held", str(error), hint="wait for its end, then: caretaker os upgrade"
        )
    except CaretakerError as error:
        failure = error
    except (HostFailure, OSError) as error:
        failure = MachineError("patching-failed", str(error), hint="caretaker os status")
    return with_(course.outcome if course else OsOutcome(), failure=failure_of(failure))


def _taken(layout: Layout) -> OsRequest:
    """The request, which is used once. Raises UsageError where there is none."""
    state = request_file(layout)
    facts = permissions.read(state.path)
    request = state.load() if facts is not None and facts.owner[0] == 0 else None
    if request is None:
        message = "nobody asked for an upgrade of the system"
        raise UsageError("usage", message, hint="sudo caretaker os upgrade")
    files.remove(state.path)
    return request


def _fresh_log(layout: Layout) -> None:
    """The log before this one is kept, no more."""
    try:
        files.rename(layout.os_log, layout.os_log.with_suffix(".log.1"))
    except FileFailure:
        return  # The first upgrade of this machine.


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
