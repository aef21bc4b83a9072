"""What going back would lose: what was written since a deployment came into use.

Owns the count that a rollback shows. Refuses to weigh it; a person does.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from agent.errors import MachineError
from agent.host import tally


class Loss(Struct, frozen=True):
    """Files that were written to since, and how large they are now, whatever part of it is new.

    `newest` is when the last one was, since 1970; `span` the seconds from the first moment that
    may be lost to that. What was deleted since is not counted: it comes back.
    """

    files: int
    size: int
    newest: float
    span: float
    unread: int = 0

    @property
    def nothing(self) -> bool:
        return not self.files and not self.unread


def changed_since(generation: Path, at: float) -> Loss:
    """What was written to the generation after `at`. Raises MachineError `file-unreadable`."""
    try:
        found = tally.tally(generation, since=at)
    except OSError as error:
        raise MachineError(
            "file-unreadable", f"{generation}: {error.strerror or error}", hint="run it as root"
        ) from error
    span = found.newest - at if found.changed else 0.0
    return Loss(found.changed, found.changed_size, found.newest, span, found.unread)
