"""A generation of data cloned, begun empty, or taken away.

Owns telling how far it is and what a failure means for people. Refuses to choose which generation,
and to look into data: the machine's own clone (`agent.host.clone`) keeps everything as it is.
Nobody may write to the source meanwhile; see `live` for an application that runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import clone as cloning
from agent.host import trees
from agent.host.clock import Clock
from agent.host.clone import How, NoRoom
from agent.progress import Progress


@dataclass(frozen=True, slots=True)
class Cloned:
    """How it was done. `size` is bytes of content, 0 for a snapshot: nobody counts them.

    `left_out`: sockets, and what vanished meanwhile.
    """

    how: How
    size: int
    files: int
    seconds: float
    left_out: int = 0


def clone(
    source: Path, target: Path, *, progress: Progress, clock: Clock, expected: int = 0
) -> Cloned:
    """Clone a generation; durable under its name when this returns, or not there at all.

    `expected` bytes are for the progress only. Raises MachineError `disk-short`, FileFailure.
    """
    begun = clock.monotonic()

    def tell(part: str, done: int) -> None:
        total = 2 * expected if how == "copy" else expected
        progress.advance(done + (expected if part == "check" else 0), total, "bytes")

    try:
        how = cloning.method(source, target.parent)
        how, copied = cloning.clone(source, target, tell)
    except NoRoom as failure:
        raise no_room(failure, target) from failure
    except OSError as error:
        raise cloning.failure(source, "clone", error) from error
    return Cloned(
        how=how,
        size=copied.size,
        files=copied.files,
        seconds=clock.monotonic() - begun,
        left_out=copied.gone + copied.sockets,
    )


def make_empty(target: Path, *, owner: tuple[int, int] | None, mode: int = 0o750) -> None:
    """The first generation: empty, and a subvolume on btrfs. Raises FileFailure."""
    cloning.make_empty(target, mode=mode, owner=owner)


def remove(target: Path) -> bool:
    """Take a generation away, at once on btrfs; True if it was there. FileFailure."""
    return trees.remove(target)


def no_room(failure: NoRoom, target: Path) -> MachineError:
    """`disk-short`, with what makes room."""
    return MachineError("disk-short", str(failure), hint=f"df -h {target.parent}")
