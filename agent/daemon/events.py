"""The last events, for the status screen: acts of the ledger and changes of the verdict, merged.

Owns the short list in memory and its first filling from disk. Refuses completeness: that is the
ledger's and the history's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from agent.health.verdict import Verdict
from agent.history import Change, newest_changes
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.ledger import Entry, read_ledgers
from agent.status import EventReport

KEPT = 10


class Events:
    """Newest last. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[EventReport] = deque(maxlen=KEPT)

    def load(self, layout: Layout) -> None:
        """Put what was kept before the last restart in front. Reads files."""
        kept = newest_changes(layout.history, limit=5 * KEPT)
        found = [of_change(change) for change in kept if change.subject == "ready"]
        found += [of_entry(entry) for entry in newest_entries(layout, limit=KEPT)]
        with self._lock:
            merged = sorted([*found, *self._events], key=lambda event: event.at)
            self._events = deque(dict.fromkeys(merged), maxlen=KEPT)

    def add(self, events: Iterable[EventReport]) -> None:
        with self._lock:
            self._events.extend(events)

    def list(self) -> list[EventReport]:
        with self._lock:
            return list(self._events)


def of_verdict(old: Verdict | None, new: Verdict, wall: float) -> list[EventReport]:
    """What of a change of the verdict is an event for people: ready, and why."""
    if not new.decided or (old is not None and (old.ready, old.reason) == (new.ready, new.reason)):
        return []
    return [EventReport(wall, "ready", new.ready.value, new.summary)]


def of_change(change: Change) -> EventReport:
    return EventReport(change.at, change.subject, change.became, change.summary)


def of_entry(entry: Entry) -> EventReport:
    what = f"{entry.act} {entry.target}".strip()
    return EventReport(entry.at, what, entry.outcome, entry.why)


def newest_entries(layout: Layout, *, limit: int, since: float = 0.0) -> list[Entry]:
    """Of every ledger this user may read: on a VM root's is not the daemon's to read."""
    entries: list[Entry] = []
    for path in layout.ledgers:
        try:
            entries += read_ledgers([path], limit=limit, since=since)
        except (FileFailure, OSError):
            continue
    entries.sort(key=lambda entry: entry.at)
    return entries[-limit:]
