"""What is swept: an operation, the state before it, its recovery, and who judges the end.

Owns the records. Refuses to run any (`sweep`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bench.crash.shared import Kind

Wanted = Literal["either", "new"]  # the old state or the new one; the new one


class Failed(Exception):
    """The operation ended as it should where it can't be done: a clear error, nothing changed."""


@dataclass(frozen=True)
class Operation:
    """`act` raises Failed for a clean refusal; whatever else it raises is a violation.

    `recover` is what the next run does first; after a power cut (True) what a boot does. `judge`
    says what is wrong with the state below a root. `once`: the operation is not repeated where the
    recovered state is the new one already, since it would do its work again (a restore). `passing`
    are paths below the root that may differ between two runs that change nothing: the ledger, what
    is gone at boot.
    """

    name: str
    prepare: Callable[[Path], None]
    act: Callable[[Path], None]
    recover: Callable[[Path, bool], None]
    judge: Callable[[Path, Wanted], list[str]]
    once: bool = False
    passing: tuple[str, ...] = ()


@dataclass
class Tally:
    """What came of one operation under one kind of fault."""

    operation: str
    kind: str
    scenarios: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.scenarios / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Job:
    """Which faults of which operation: `every` nth point, from `first` (a share of the whole).

    `doubles`: at most about as many first kills, of each at most about `seconds` second ones;
    `cuts`: at most as many disks.
    `bug` is a seeded one that is patched in.
    """

    operation: str
    kinds: tuple[Kind, ...] = ()
    every: int = 1
    first: int = 0
    doubles: int = 0
    seconds: int = 0
    cuts: int = 0
    rivals: int = 0  # each so manieth point
    blocks: int = 0  # disks of a real ext4
    bug: str = ""
    stop_at: int = 0  # violations that are enough to know
