"""A plan: what an upgrade or a rollback will do, to the step and the byte of disk.

Owns the record, which people read and programs get as JSON. It is made by the same looks that the
change itself takes, so it is what will happen. Refuses to look and to do: it is a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from msgspec import Struct

from agent.data.loss import Loss
from agent.errors import CaretakerError, InternalError, MachineError, RefusedError, UsageError
from agent.host.clone import How
from agent.host.failures import HostFailure

_KINDS = {each.exit_status: each for each in (UsageError, MachineError, RefusedError)}


class Step(Struct, frozen=True, kw_only=True):
    """One step. `disk` is bytes that it takes, `seconds` None where nobody knows; `down`: the
    application does not serve meanwhile."""

    code: str
    title: str
    why: str = ""
    disk: int = 0
    seconds: float | None = None
    down: bool = False


class Refusal(Struct, frozen=True):
    """Why it can't begin; `hint` is what to do about it."""

    code: str
    message: str
    hint: str = ""
    exit_status: int = 4


class Room(Struct, frozen=True, kw_only=True):
    """A file system that the change writes to: bytes and inodes wanted and free.

    `inodes_free` is -1 where it has no fixed number of them.
    """

    path: str
    wanted: int
    free: int
    inodes: int = 0
    inodes_free: int = -1

    @property
    def short(self) -> bool:
        return self.wanted > self.free or 0 <= self.inodes_free < self.inodes


class Plan(Struct, frozen=True, kw_only=True):
    """The whole of it. `number` is the deployment that will be active, `back` where a rollback
    afterwards leads. `grace` are seconds in which that asks for nothing more. `nothing`: what is
    wanted runs already. `downtime` is an estimate from earlier changes here; None: there was none.
    """

    kind: Literal["upgrade", "rollback"]
    title: str
    before: str
    version: str
    number: int
    back: int
    steps: tuple[Step, ...] = ()
    how: How | None = None
    data: int = 0
    rooms: tuple[Room, ...] = ()
    migrations: tuple[str, ...] = ()
    downtime: float | None = None
    grace: float = 0.0
    loss: Loss | None = None
    notes: str = ""
    advisories: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    nothing: bool = False

    @property
    def disk(self) -> int:
        """Bytes that it takes in all."""
        return sum(step.disk for step in self.steps)


@contextmanager
def looking() -> Iterator[None]:
    """What can't be looked at is told as an error for people. Raises MachineError."""
    try:
        yield
    except HostFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint="run it as root") from failure
    except OSError as error:
        raise MachineError("file-unreadable", str(error), hint="run it as root") from error


def refusal_of(error: CaretakerError) -> Refusal:
    return Refusal(error.code, error.message, error.hint, error.exit_status)


def refuse(plan: Plan) -> None:
    """Raise the first reason why it can't begin."""
    if not plan.refusals:
        return
    first = plan.refusals[0]
    more = len(plan.refusals) - 1
    message = f"{first.message} (and {more} more: --plan shows them)" if more else first.message
    kind = _KINDS.get(first.exit_status, InternalError)
    raise kind(first.code, message, hint=first.hint)
