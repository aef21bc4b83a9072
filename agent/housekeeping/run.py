"""Running tasks: one after the other, each in a process apart with a time limit.

Owns the order of lock, state, run, state, ledger: a run that is killed counts as a run, so that
nothing is run in a loop. A task that fails never stops the next. Refuses to decide what is due
(`due`), and to print.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import msgspec

from agent.errors import BusyError, CaretakerError, MachineError
from agent.host import lock
from agent.host.failures import FileFailure, HostFailure, LockHeld
from agent.housekeeping.states import (
    BROKE_OFF,
    DONE,
    FAILED,
    RUNNING,
    TaskState,
    TaskStates,
    state_file,
)
from agent.housekeeping.task import Chores, Done, Task
from agent.ledger import Ledger

_STEP = 0.5  # seconds between two looks at a lock that is held
_WORDS = 500  # characters of why that are kept
_PATIENT = "caretaker housekeeping run --wait 10m TASK"
_CUT = 20_000  # characters of a traceback on standard error


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one task. `outcome` is "done" or "failed"; a dry run has one too."""

    name: str
    outcome: str
    seconds: float
    done: Done

    @property
    def why(self) -> str:
        """What went wrong; empty where nothing did."""
        return "; ".join(self.done.problems)[:_WORDS]


@dataclass(frozen=True, slots=True)
class Runner:
    """How tasks are run. `actor` is for the ledger; `wait` is seconds for a held lock.

    `begun` and `ended` hear of each task. Not `gentle`: at full speed, where a person or a full
    disk waits for it.
    """

    chores: Chores
    actor: str = "caretaker"
    wait: float = 0.0
    gentle: bool = True
    begun: Callable[[Task], None] = lambda task: None
    ended: Callable[[Ran], None] = lambda ran: None

    def run(self, tasks: Sequence[Task]) -> list[Ran]:
        """Run these now. Raises BusyError where somebody else is at it, and MachineError."""
        if self.chores.dry:
            return [self._tell(task, self._run(task)) for task in tasks]
        with ExitStack() as turn:
            try:
                turn.enter_context(self._alone())
            except BusyError as busy:
                if self.wait:
                    self._note_no_turn(tasks, busy)
                raise
            return [self._tell(task, self._record(task)) for task in tasks]

    def run_chosen(
        self,
        choose: Callable[[TaskStates], Sequence[Task]],
        after: Callable[[TaskStates], TaskStates],
    ) -> list[Ran]:
        """Run what `choose` picks once the lock is ours, so that nothing is run twice.

        What `after` makes of the states at the end is saved.
        """
        with self._alone():
            found = [self._tell(task, self._record(task)) for task in choose(self.states())]
            states = _broken_off(self.states())
            sound = after(states)
            if sound != self.states():
                self.save(sound)
            return found

    def states(self) -> TaskStates:
        try:
            return state_file(self.chores.layout).load() or TaskStates()
        except FileFailure:
            return TaskStates()

    def save(self, states: TaskStates) -> bool:
        """False where the disk refused: a full one is no reason not to make room."""
        try:
            state_file(self.chores.layout).save(states)
        except FileFailure:
            return False
        return True

    def _tell(self, task: Task, ran: Ran) -> Ran:
        self.ended(ran)
        return ran

    def _note_no_turn(self, tasks: Sequence[Task], busy: BusyError) -> None:
        """Whoever waited and never got its turn did not run: that must not go unseen."""
        ledger = Ledger(self.chores.layout.ledger, self.chores.host.clock)
        for task in tasks:
            ledger.write(
                "task", target=task.name, outcome=FAILED, why=busy.message, actor=self.actor
            )

    def _record(self, task: Task) -> Ran:
        clock, layout = self.chores.host.clock, self.chores.layout
        now = clock.wall()
        states = _broken_off(self.states())
        before = TaskState(anchor=now, began=now, outcome=RUNNING)
        self.save(states.put(task.name, before))
        ran = self._run(task)
        after = msgspec.structs.replace(
            before,
            # A clock set back meanwhile must not leave the next run in the far future.
            anchor=min(now, clock.wall()),
            outcome=ran.outcome,
            summary=ran.done.summary[:_WORDS],
            why=ran.why,
            seconds=round(ran.seconds, 3),
            freed=ran.done.freed,
            items=ran.done.items,
        )
        self.save(states.put(task.name, after))
        Ledger(layout.ledger, clock).write(
            "task",
            target=task.name,
            outcome=ran.outcome,
            why=ran.why or ran.done.summary[:_WORDS],
            actor=self.actor,
            seconds=round(ran.seconds, 3),
            detail={"freed": ran.done.freed, "items": ran.done.items},
        )
        return ran

    def _run(self, task: Task) -> Ran:
        self.begun(task)
        chores, host = self.chores, self.chores.host
        try:
            outcome = host.apart(
                lambda: msgspec.json.encode(_done(task, chores)),
                timeout=task.timeout,
                gentle=self.gentle,
            )
        except OSError as error:
            done = Done(summary="could not be started", problems=(f"no process: {error}",))
            return Ran(name=task.name, outcome=FAILED, seconds=0.0, done=done)
        if outcome.result is None:
            done = Done(summary=BROKE_OFF, problems=(outcome.reason,))
        else:
            done = msgspec.json.decode(outcome.result, type=Done)
        verdict = FAILED if done.problems else DONE
        return Ran(name=task.name, outcome=verdict, seconds=outcome.seconds, done=done)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path, clock = self.chores.layout.tasks_lock, self.chores.host.clock
        deadline = clock.monotonic() + self.wait
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(lock.exclusive(path, purpose="housekeeping"))
                    break
                except LockHeld as failure:
                    if clock.monotonic() >= deadline:
                        raise BusyError(
                            "lock-held", f"housekeeping is under way: {failure}", hint=_PATIENT
                        ) from failure
                except FileFailure as failure:
                    raise MachineError("file-unwritable", str(failure)) from failure
                clock.sleep(_STEP)
            yield


def _done(task: Task, chores: Chores) -> Done:
    """In the process apart: what the task did, or why it did not."""
    try:
        return task.run(chores)
    except CaretakerError as error:
        return Done(summary="failed", problems=(error.message,))
    except (HostFailure, OSError) as failure:
        return Done(summary="failed", problems=(str(failure),))
    except Exception as error:  # One task's defect is not the next one's; its trace is told.
        sys.stderr.write(traceback.format_exc()[-_CUT:])
        kind = type(error).__name__
        return Done(summary="broke off", problems=(f"a defect of Caretaker: {kind}: {error}",))


def _broken_off(states: TaskStates) -> TaskStates:
    """Whoever holds the lock knows: a run that is still noted as under way was killed."""
    why = "it was killed, or the machine went down"
    for name, each in states.tasks.items():
        if each.outcome == RUNNING:
            cut = msgspec.structs.replace(each, outcome=BROKE_OFF, why=why)
            states = states.put(name, cut)
    return states
