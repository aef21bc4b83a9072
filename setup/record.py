"""The installation's own record: begun when, complete when, what stood before.

Owns `/var/lib/caretaker/installation.json`. It is written before the first change and completed
after the last, so a run that finds it incomplete knows that it goes on with another's work.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from agent.host import files
from agent.layout import Layout


class Installation(msgspec.Struct, frozen=True):
    """One appliance on one machine. Times are seconds since 1970.

    `before` holds the things that were there before setup first ran: never undone, never
    uninstalled. `ran` is set before the application first starts: from then on there may be data,
    and nothing is undone any more.
    """

    app: str
    mode: str
    begun: float
    completed: float | None = None
    ran: bool = False
    before: list[str] = []


def path_of(layout: Layout) -> Path:
    return layout.state / "installation.json"


def load(layout: Layout) -> Installation | None:
    """The record; None where there is none that can be read. Never writes, unlike a StateFile:
    `--plan` asks too. FileFailure."""
    try:
        content = files.read_bytes(path_of(layout))
        return msgspec.json.decode(content, type=Installation)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def save(layout: Layout, record: Installation) -> None:
    """FileFailure; then the old record still stands."""
    text = msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"
    files.replace(path_of(layout), text)


def forget(layout: Layout) -> None:
    """After all was undone: the next run is a first one again. FileFailure."""
    files.remove(path_of(layout))
