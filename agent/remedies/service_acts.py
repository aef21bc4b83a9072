"""What the services remedy does to one service, and how it sees that it worked.

Owns the steps on systemd and below a root of its own. Refuses to decide which service, and when.
"""

from __future__ import annotations

from agent.errors import CaretakerError, MachineError
from agent.health.speakers import Asking, youth
from agent.host import rotation
from agent.host.failures import HostFailure
from agent.remedies import locks
from agent.remedies.remedy import Scene
from agent.services import evidence, left, program, unit_journal
from agent.services.left import LeftStopped
from agent.services.names import unit_name
from agent.services.standing import Standing, standings

_STEP = 0.25  # seconds between two looks at a service that was started
_SHORTEST = 0.5  # seconds it must have run to count as well
_LONGER = 3.0  # the same for one that kept failing, or that no check speaks for
_LONGEST = 120.0  # seconds; every other remedy waits meanwhile
_BY_ITSELF = 5.0  # seconds that a service gets to notice that what it requires is back


def age(scene: Scene, standing: Standing) -> float:
    """Seconds for which a service has run. Unknown, or after a step of the clock: for ever."""
    passed = scene.host.clock.wall() - standing.since
    return passed if standing.since and passed >= 0 else float("inf")


def start(scene: Scene, name: str) -> str:
    """Start one that is down, after what may keep it down was put aside. Raises MachineError."""
    said = _without_stale_locks(scene, name)
    if not scene.layout.embedded:
        # Also of start-limit-hit, which refuses every start until then (systemd.unit(5)).
        scene.host.systemd.control("reset-failed", unit_name(scene.manifest, name))
    scene.services.start(name)
    return "; ".join([*said, f"{name} was started"])


def leave_stopped(scene: Scene, name: str, why: str) -> str:
    """Stop one that keeps failing, and note that it was us. Raises CaretakerError and HostFailure.

    Noted before the stop, so that one broken off in the middle does not look like a person's; and
    after it, since it may have been restarted once more, which is another run.
    """
    _note_left(scene, name, why)
    scene.services.stop(name)
    _note_left(scene, name, why)
    return f"{name} was stopped, and is tried again less and less often"


def _note_left(scene: Scene, name: str, why: str) -> None:
    unit = unit_name(scene.manifest, name)
    try:
        invocation = scene.host.systemd.show(unit).invocation
    except OSError as error:
        raise MachineError(
            "command-failed", f"systemd gives no answer: {error}", hint=f"systemctl status {unit}"
        ) from error
    record = LeftStopped(invocation, scene.host.clock.wall(), why)
    left.note(scene.layout.left_stopped, name, record)


def forget(scene: Scene, name: str) -> None:
    """It runs and is well."""
    if not scene.layout.embedded:
        left.forget(scene.layout.left_stopped, name)


def settled(scene: Scene, name: str, asking: Asking, *, kept_failing: bool) -> str:
    """Why a service that was just started is not well; empty once it is, as soon as it is."""
    clock = scene.host.clock
    begun = clock.monotonic()
    checks = [asking.manifest.checks[each] for each in asking.names(name)]
    enough = begun + (_SHORTEST if checks and not kept_failing else _LONGER)
    patience = max([_LONGER, *(youth(check) for check in checks)]) + _SHORTEST
    deadline = begun + min(patience, _LONGEST)
    while True:
        standing = _standing(scene, name)
        trouble = _trouble(standing) or asking.now(name)
        if not trouble and clock.monotonic() >= enough:
            return ""
        # One that ended again needs no more patience: what follows is a loop.
        if clock.monotonic() >= deadline or standing.kind not in ("up", "moving"):
            return trouble
        clock.sleep(_STEP)


def still_unwell(scene: Scene, name: str, asking: Asking) -> bool:
    """Whether a running service is not well, also after the time to find that out by itself."""
    deadline = scene.host.clock.monotonic() + _BY_ITSELF
    while asking.now(name):
        if scene.host.clock.monotonic() >= deadline:
            return True
        scene.host.clock.sleep(_STEP)
    return False


def traced(scene: Scene, name: str) -> int:
    """A process of the service that a debugger has stopped; 0: none."""
    for pid in scene.services.pids(name):
        process = scene.host.facts.process(pid)
        if process is not None and process.state == "t":
            return pid
    return 0


def last_lines(scene: Scene, name: str) -> str:
    """Evidence: what the service logged last, without its secrets."""
    service = scene.manifest.services[name]
    try:
        secrets = list(program.secret_environment(service, scene.values).values())
    except CaretakerError:
        return ""  # What can't be blotted out is not copied.
    if scene.layout.embedded:
        path = scene.layout.logs / f"{name}.log"
        text = rotation.end_of(path, evidence.TAIL).decode(errors="replace")
        return evidence.in_full(evidence.last_lines(text, secrets))
    return unit_journal.last_lines(scene.host, unit_name(scene.manifest, name), secrets)


def _without_stale_locks(scene: Scene, name: str) -> list[str]:
    """Put aside the locks that the service left when it ended. What that meets is not in its way:
    the service says by itself that it can't start."""
    said = []
    try:
        for fault in locks.find(scene):
            if not fault.refusal and scene.manifest.locks[fault.target].service == name:
                said.append(locks.mend(scene, fault))
    except (CaretakerError, HostFailure, OSError) as error:
        said.append(f"its locks could not be looked at: {error}")
    return said


def _standing(scene: Scene, name: str) -> Standing:
    return standings(scene.manifest, scene.layout, scene.host, scene.services)[name]


def _trouble(standing: Standing) -> str:
    return "" if standing.kind == "up" else f"{standing.name}: {standing.words or standing.kind}"
