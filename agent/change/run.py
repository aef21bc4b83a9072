"""One run: recover first, then do what was asked for, and say how it ended.

Owns the lock of the whole change, and that whoever asked hears of every end. Refuses arguments and
exit statuses (`__main__`), and to choose the machine's means.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from agent.change import traffic
from agent.change.act import Act
from agent.change.ask import Asked
from agent.change.change import Outcome
from agent.change.course import carry_out
from agent.change.follow import Done, Failed, Teller
from agent.change.kinds import prepare
from agent.change.means import Means
from agent.change.recovery import Recovered, recover
from agent.errors import BusyError, CaretakerError, MachineError
from agent.host import lock
from agent.host.clock import Clock
from agent.host.failures import FileFailure, HostFailure, LockHeld
from agent.layout import Layout
from agent.remedies.remedy import Scene

_AGENT_PATIENCE = 60.0  # seconds
PATIENCE = 20.0  # seconds for whoever only looks, or has just been told to end


def run(scene: Scene, asked: Asked | None, *, means: Means, teller: Teller) -> Outcome | None:
    """Recover, and carry out what was asked for. Raises CaretakerError.

    `asked` None: nobody did; something was interrupted.
    """
    try:
        with alone(scene.layout, scene.host.clock):
            recovered = recover(scene, means=means, progress=teller)
            if asked is None or asked.request is None:
                # At boot the agent was not there yet to be told.
                traffic.let_come(scene, patience=_AGENT_PATIENCE)
                return _outcome(recovered)
            if recovered.error is not None:
                teller.note(f"brought to an end first: {recovered.error.message}")
            now = _as_it_is(scene, means)
            change = prepare(now, asked.request, teller)
            return carry_out(now, change, means=means, progress=teller)
    except HostFailure as failure:
        raise MachineError("change-failed", str(failure), hint="caretaker ledger") from failure
    except OSError as error:
        raise MachineError("change-failed", str(error), hint="caretaker ledger") from error


def tell_end(teller: Teller, ended: Outcome | CaretakerError | None) -> None:
    """The last line."""
    teller.tell(Failed.of(ended) if isinstance(ended, CaretakerError) else Done(ended))


@contextmanager
def alone(layout: Layout, clock: Clock, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock that setup and housekeeping hold too. BusyError, MachineError."""
    deadline = clock.monotonic() + patience
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock.exclusive(layout.setup_lock, purpose="a change"))
                break
            except LockHeld as failure:
                if clock.monotonic() >= deadline:
                    hint = "wait for it to end, then try again"
                    raise BusyError("lock-held", str(failure), hint=hint) from failure
            except FileFailure as failure:
                raise MachineError("file-unwritable", str(failure), hint="df -h") from failure
            clock.sleep(0.1)
        yield


def _as_it_is(scene: Scene, means: Means) -> Scene:
    """The scene of what is active now: recovery may have put another manifest in place."""
    act = Act(scene, means)
    active = act.deployments.active()
    return act.scene_at(active.number) if active is not None else scene


def _outcome(recovered: Recovered) -> Outcome | None:
    if recovered.error is not None:
        raise recovered.error
    return recovered.outcome
