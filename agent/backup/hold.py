"""The application held still for a moment, and let go again, whatever happens.

Owns the order: written down, somebody set to watch over it, the vendor's program told, data
flushed. The guard (`python -I -m agent.backup guard`) lets go when the time is up, when who asked
for it died, or at the next boot. Refuses to freeze a file system: nobody could then write down
that it has to be thawed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from agent.backup.frozen import Frozen, began, frozen_file
from agent.errors import BusyError, MachineError, UsageError
from agent.host import detach, files, lock, sync
from agent.host.failures import HostFailure, LockHeld
from agent.ledger import Ledger
from agent.manifest.placeholders import expand, holds_secret
from agent.remedies.remedy import Scene

UNIT = "caretaker-thaw.service"
LONGEST = 3600.0  # seconds
_LOOK = 0.2  # seconds between two looks of the guard
_AGAIN = 5.0  # seconds after a thaw that failed
_THAW = 60.0  # seconds that the vendor's program has for it
_PATIENCE = 10.0  # seconds for the lock; whoever has it runs a program of the vendor's


def freeze(scene: Scene, seconds: float, *, by: str, owned: bool = False) -> Frozen:
    """Make the application hold still for at most `seconds`. MachineError, BusyError, HostFailure.

    `owned`: it is let go as soon as this process ends. Where it holds still already, that goes on
    to its own end and is what comes back: two who freeze would let each other's go.
    """
    if not 0 < seconds <= LONGEST:
        raise UsageError(
            "usage", "it can be held for up to an hour", hint="caretaker freeze --help"
        )
    recover(scene)
    with _alone(scene):
        found = frozen_file(scene.layout).load()
        if found is not None:
            return found
        clock = scene.host.clock
        frozen = Frozen(
            since=clock.wall(),
            until=clock.wall() + seconds,
            ticks=clock.monotonic() + seconds,
            boot=clock.boot_id(),
            by=by,
            owner=os.getpid() if owned else 0,
            owner_began=began(os.getpid()) if owned else 0.0,
        )
        frozen_file(scene.layout).save(frozen)
        try:
            _watch(scene)
            _tell(scene, "freeze", frozen.ticks - clock.monotonic())
            sync.file_system(scene.layout.generations)
            if frozen.over(clock):
                raise MachineError(
                    "command-timeout",
                    f"the application did not hold still within {seconds:.0f} s",
                    hint="caretaker freeze --for 120s",
                )
        except BaseException:
            _let_go(scene, "it could not be made to hold still")
            raise
    _note(scene, "freeze", f"for at most {seconds:.0f} s", by=by)
    return frozen


def thaw(scene: Scene, *, why: str = "", by: str = "caretaker") -> bool:
    """Let the application go on; False where nothing held it. MachineError, BusyError."""
    if frozen_file(scene.layout).load(aside=False) is None:
        return False
    with _alone(scene):
        return _let_go(scene, why or "it was asked for", by=by)


def recover(scene: Scene) -> bool:
    """Let go of what nobody holds any more. MachineError, BusyError."""
    frozen = frozen_file(scene.layout).load()
    if frozen is None or not (why := frozen.over(scene.host.clock)):
        return False
    return thaw(scene, why=why)


@contextmanager
def held(scene: Scene) -> Iterator[Frozen | None]:
    """Hold the application while the block runs; None where the manifest has no program for it."""
    policy = scene.manifest.backup
    if not policy.freeze:
        yield None
        return
    frozen = freeze(scene, policy.hold, by="a backup", owned=True)
    try:
        yield frozen
    finally:
        if frozen.owner == os.getpid():
            thaw(scene, why="the backup has what it needs")


def still(scene: Scene, frozen: Frozen) -> bool:
    """Whether it was held all the time until now."""
    return frozen_file(scene.layout).load(aside=False) == frozen and not frozen.over(
        scene.host.clock
    )


def guard(scene: Scene) -> None:
    """Watch until nothing is held any more, letting go when its time has come."""
    with ExitStack() as turn:
        try:
            # One that is about to end does not look again, so it is waited for.
            _wait_for(turn, scene, "guard.lock", _PATIENCE)
        except LockHeld:
            return
        while (frozen := frozen_file(scene.layout).load()) is not None:
            pause = _LOOK
            if why := frozen.over(scene.host.clock):
                try:
                    thaw(scene, why=why)
                except (MachineError, BusyError, HostFailure):
                    pause = _AGAIN
            scene.host.clock.sleep(pause)


def _watch(scene: Scene) -> None:
    """Somebody else watches from here on. HostFailure, MachineError."""
    if scene.layout.embedded or not scene.host.systemd.booted():
        root = str(scene.layout.root)
        files.ensure_folder(scene.layout.logs, mode=0o750)
        argv = [sys.executable, "-I", "-m", "agent.backup", "--root", root, "guard"]
        detach.start(argv, scene.layout.agent_log).forget()
        return
    # Not `start`: one that is about to end would be left to it. Nor can it be letting go just now,
    # since that takes the lock we have.
    done = scene.host.systemd.control("restart", "--no-block", UNIT)
    if not done.ok:
        raise MachineError(
            "service-failed",
            f"nobody would let the application go again: {UNIT}: {done.reason}",
            hint=f"systemctl status {UNIT}",
        )


def _tell(scene: Scene, what: str, seconds: float) -> None:
    """Run the vendor's program as the application's user. MachineError."""
    policy = scene.manifest.backup
    words = policy.freeze if what == "freeze" else policy.thaw
    if not words:
        return
    if any(holds_secret(word) for word in words):
        raise MachineError(
            "command-failed", f"[backup] {what} would show a secret in its arguments",
            hint="caretaker manifest check",
        )  # fmt: skip
    argv = [expand(word, scene.values) for word in words]
    user = "" if scene.layout.embedded else scene.manifest.appliance.name
    done = scene.host.run(argv, timeout=max(seconds, 0.1), user=user)
    if not done.ok:
        raise MachineError(
            "command-timeout" if done.timed_out else "command-failed",
            f"[backup] {what}: {argv[0]}: {done.reason}",
            hint="caretaker thaw" if what == "thaw" else "caretaker ledger",
        )


def _let_go(scene: Scene, why: str, *, by: str = "caretaker") -> bool:
    frozen = frozen_file(scene.layout).load()
    if frozen is None:
        return False
    try:
        _tell(scene, "thaw", _THAW)
    except MachineError as error:
        _note(scene, "thaw", error.message, by=by, outcome="failed")
        raise
    files.remove(frozen_file(scene.layout).path)
    _note(scene, "thaw", why, by=by, seconds=scene.host.clock.wall() - frozen.since)
    return True


@contextmanager
def _alone(scene: Scene) -> Iterator[None]:
    files.ensure_folder(scene.layout.state)
    with ExitStack() as turn:
        try:
            _wait_for(turn, scene, "freeze.lock", _PATIENCE)
        except LockHeld as failure:
            raise BusyError(
                "lock-held", f"somebody else is at it: {failure}", hint="caretaker thaw"
            ) from failure
        yield


def _wait_for(turn: ExitStack, scene: Scene, name: str, patience: float) -> None:
    """LockHeld where it was not to be had in that many seconds."""
    clock = scene.host.clock
    deadline = clock.monotonic() + patience
    while True:
        try:
            turn.enter_context(lock.exclusive(scene.layout.state / name, purpose="freeze or thaw"))
            return
        except LockHeld:
            if clock.monotonic() >= deadline:
                raise
            clock.sleep(_LOOK)


def _note(
    scene: Scene,
    act: str,
    why: str,
    *,
    by: str,
    outcome: str = "done",
    seconds: float | None = None,
) -> None:
    Ledger(scene.layout.ledger, scene.host.clock).write(
        act, target=scene.manifest.appliance.name, outcome=outcome, why=why, actor=by,
        seconds=seconds,
    )  # fmt: skip
