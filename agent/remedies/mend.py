"""Running remedies: each in its order, one run at a time on a machine.

Owns the lock of all runs and who asks. What one remedy meets never stops the next. Refuses the
work on one remedy (`round`) and the rules of when (`course`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from agent.errors import BusyError, MachineError
from agent.host import lock
from agent.host.failures import FileFailure, LockHeld
from agent.remedies.deed import Deed
from agent.remedies.memory import open_book
from agent.remedies.remedy import Remedy, Scene
from agent.remedies.round import Asker, Round

_STEP = 0.1  # seconds


def run(
    remedies: Sequence[Remedy],
    scene: Scene,
    asker: Asker,
    *,
    patience: float = 0.0,
    limit: float = float("inf"),
) -> list[Deed]:
    """Mend what may be mended, one remedy after the other; what came of every fault.

    After `limit` seconds no further remedy begins. Raises BusyError while another run acts,
    after `patience` seconds, or setup is at work and no person asked; and MachineError where the
    memory can't be read.
    """
    clock = scene.host.clock
    if not asker.person:
        _not_beside_setup(scene)
    begun = clock.monotonic()
    deeds: list[Deed] = []
    with alone(scene, patience=patience):
        book = open_book(scene.layout, clock)
        for remedy in remedies:
            if clock.monotonic() - begun >= limit:
                said = f"not looked at: {limit:.0f} s were over"
                deeds.append(Deed(remedy=remedy.name, outcome="waiting", said=said))
                continue
            deeds += Round(remedy, scene, asker, book).run()
        if book.memory.targets:  # The newer `seen` is, the less a reboot makes acts look young.
            book.try_to_keep(book.memory)
    return deeds


def plan(remedies: Sequence[Remedy], scene: Scene, asker: Asker) -> list[Deed]:
    """What `run` would do now, by the same looks. Nothing is written. Raises MachineError."""
    book = open_book(scene.layout, scene.host.clock, dry=True)
    return [deed for each in remedies for deed in Round(each, scene, asker, book).plan()]


def reset(scene: Scene, remedy: str, target: str, *, actor: str) -> list[tuple[str, str]]:
    """A person ends safe mode: forget what was counted. What was in safe mode: (remedy, target).

    An empty `remedy` means all of them, an empty `target` all its targets. Raises BusyError and
    MachineError.
    """
    with alone(scene):
        book = open_book(scene.layout, scene.host.clock)
        memory = book.memory
        names = [remedy] if remedy else list(memory.targets)
        freed = [
            (name, each)
            for name, each, _ in memory.safe()
            if name in names and target in ("", each)
        ]
        for name in names:
            memory = memory.without(name, target)
        try:
            book.keep(memory)
        except FileFailure as failure:
            hint = "sudo caretaker remedies reset"
            raise MachineError("file-unwritable", str(failure), hint=hint) from failure
        for name, each in freed:
            why = "safe mode was reset"
            book.enter(f"remedy {name}", target=each, outcome="noted", why=why, actor=actor)
    return freed


def _not_beside_setup(scene: Scene) -> None:
    """What is half made is not broken: setup is making it. Raises BusyError and MachineError."""
    try:
        busy = lock.held(scene.layout.setup_lock)
    except FileFailure as failure:
        hint = "sudo caretaker remedies"
        raise MachineError("file-unreadable", str(failure), hint=hint) from failure
    if busy:
        raise BusyError("lock-held", "setup is at work", hint="wait for it to end, then try again")


@contextlib.contextmanager
def alone(scene: Scene, *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of all runs. Raises BusyError and MachineError."""
    clock = scene.host.clock
    deadline = clock.monotonic() + patience
    with contextlib.ExitStack() as held:
        while True:
            try:
                path = scene.layout.remedies_lock
                held.enter_context(lock.exclusive(path, purpose="caretaker remedies"))
                break
            except LockHeld as failure:
                if clock.monotonic() >= deadline:
                    hint = "wait for it to end, then try again"
                    raise BusyError("lock-held", str(failure), hint=hint) from failure
            except FileFailure as failure:
                hint = "sudo caretaker remedies"
                raise MachineError("file-unwritable", str(failure), hint=hint) from failure
            clock.sleep(_STEP)
        yield
