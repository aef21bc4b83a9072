"""Rules of a manifest's housekeeping: calendars that can be read, names that are free.

Pure: a manifest in, complaints out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.housekeeping.names import OWN
from agent.manifest.model import Manifest
from agent.manifest.placeholders import holds_secret
from agent.manifest.suggest import suggestion

Complaint = tuple[tuple[str, ...], str]


def schedule_complaints(manifest: Manifest) -> Iterator[Complaint]:
    """Each broken rule as (path of the key, message)."""
    tasks, own = manifest.tasks, manifest.housekeeping.own
    yield from _calendars({("tasks", name): each.calendar for name, each in tasks.items()})
    where = ("housekeeping", "own")
    yield from _calendars({(*where, name): each.calendar for name, each in own.items()})
    for name in own:
        if name not in OWN:
            near = suggestion(name, OWN)
            yield (*where, name), f"Caretaker has no task of that name{near}"
    for name, task in tasks.items():
        if name in OWN:
            yield ("tasks", name), "the name is taken by a task of Caretaker's own"
        if any(map(holds_secret, task.command)):
            message = "every user can read a program's arguments; let it read a file instead"
            yield ("tasks", name, "command"), message


def _calendars(found: Mapping[tuple[str, ...], str]) -> Iterator[Complaint]:
    from agent.housekeeping.calendar_words import BadExpression, parse

    for path, expression in found.items():
        if path[0] == "housekeeping" and not expression:
            continue
        try:
            parse(expression)
        except BadExpression as error:
            yield (*path, "calendar"), f"{expression!r} is no calendar expression: {error}"
