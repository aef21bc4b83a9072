"""What remedies remember, as the daemon tells it: counts, and what is in safe mode.

Owns reading root's `remedies.json`, and the words about it. Refuses to write: the daemon may not.
"""

from __future__ import annotations

from pathlib import Path

from agent.host.failures import FileFailure
from agent.remedies.memory import Memory, read_memory
from agent.status import SafeModeReport


class RemedyMemory:
    """The newest reading. Safe from any thread: a reading replaces the one before as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.newest = Memory()

    def read(self) -> Memory | None:
        """Read again; None where it can't be read now, and what was known stays."""
        try:
            memory = read_memory(self._path)
        except (FileFailure, OSError):
            return None
        if memory is not None:
            self.newest = memory
        return memory

    def safe(self) -> list[SafeModeReport]:
        return [
            SafeModeReport(remedy, target, record.safe, record.since)
            for remedy, target, record in self.newest.safe()
        ]


def notice(safe: list[SafeModeReport]) -> str:
    """One line for the verdict; empty where nothing is in safe mode."""
    if not safe:
        return ""
    first = safe[0]
    more = f" (and {len(safe) - 1} more)" if len(safe) > 1 else ""
    return f"the remedy {first.remedy} stopped at {first.target}: {first.why}{more}; {first.hint}"
