"""What a setup step is: a look that only reads, an act that mends, and what it leaves behind.

Owns the records. A step's look is its plan, its test of being satisfied and the proof after the
act, all three, so that they can't disagree. Refuses to run anything (`runner.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from setup.place import Mode
from setup.site import Site

ANYWHERE = frozenset({Mode.SYSTEMD, Mode.EMBEDDED})
ON_A_MACHINE = frozenset({Mode.SYSTEMD})


@dataclass(frozen=True, slots=True)
class Blocker:
    """What only a person can mend: what is wrong, and the cure."""

    message: str
    fix: str = ""
    code: str = "step-failed"


@dataclass(frozen=True, slots=True)
class Look:
    """How a step stands. `needs` says a line each what its act will do; none: satisfied."""

    summary: str
    needs: tuple[str, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def satisfied(self) -> bool:
        return not self.needs and not self.blockers


class Kind(StrEnum):
    """What a thing on the machine is, which decides how it goes."""

    FILE = "file"  # or link
    FOLDER = "folder"  # removed only when empty
    TREE = "tree"  # removed with what is in it
    USER = "user"
    UNIT = "unit"  # stopped and disabled
    AGENT = "agent"  # the embedded daemon


@dataclass(frozen=True, slots=True)
class Thing:
    """Something setup leaves on the machine. `data`: the customer's, kept unless purged."""

    kind: Kind
    name: str
    data: bool = False

    @property
    def path(self) -> Path:
        return Path(self.name)

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


def no_things(_: Site) -> tuple[Thing, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setup.

    `look` reads and never changes anything. `apply` makes true what `look` found missing, may be
    killed at any point, and run again; it returns a line on what it did. Errors: CaretakerError,
    HostFailure, OSError. `things` is in the order in which they came to be. `stands`: once this
    step has begun the application has run, and a failure is looked into, not undone. `blocks`: its
    look may find what stops a run, so it is asked before the first change.
    """

    code: str
    title: str
    look: Callable[[Site], Look]
    apply: Callable[[Site], str]
    things: Callable[[Site], tuple[Thing, ...]] = no_things
    modes: frozenset[Mode] = ANYWHERE
    stands: bool = False
    blocks: bool = True
