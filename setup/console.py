"""What setup says, and where: terminal, JSON lines, log file, serial console, journal.

Owns the one road from an event to every listener. A secret goes to the terminal alone, by a road
of its own. Refuses to decide what is worth saying, and to fail because nobody listens.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import lines
from agent.host.clock import Clock, rfc3339
from agent.host.failures import FileFailure

JOURNALLED = ("environment", "step", "note", "undo", "error", "verdict")
SERIAL = Path("/dev/console")
_COLOURS = {"good": "32", "changed": "36", "warning": "33", "bad": "31", "faint": "2"}


@dataclass
class Console:
    """Where this run's words go. `log` None: no file; `serial` only at first boot."""

    json: bool = False
    colour: bool = False
    log: Path | None = None
    serial: Path | None = None
    journal: Callable[[str], None] | None = None
    clock: Clock = field(default_factory=Clock)

    def tell(self, event: str, text: str, *, mood: str = "", **facts: object) -> None:
        """Say one event: `text` to people, `facts` to programs."""
        if self.json:
            _out(json.dumps({"event": event, **facts}, ensure_ascii=False))
        else:
            _out(self._coloured(text, mood))
        self._elsewhere(text)
        # The journal is for events: a run that changed nothing leaves its verdict there, no more.
        if self.journal is not None and event in JOURNALLED and facts.get("outcome") != "kept":
            self.journal(text)

    def for_eyes(self, text: str, **facts: object) -> None:
        """Say something to the terminal (or the JSON line asked for) and nowhere else."""
        _out(json.dumps(facts, ensure_ascii=False) if self.json else text)

    def _elsewhere(self, text: str) -> None:
        if self.log is not None:
            stamp = rfc3339(self.clock.wall())
            entry = "".join(f"{stamp} {line}\n" for line in text.splitlines() if line)
            try:
                lines.append(self.log, entry)
            except FileFailure as failure:
                self.log = None  # Once said is enough; setup goes on without it.
                print(f"setup: no log from here on: {failure}", file=sys.stderr)
        if self.serial is not None:
            lines.show(self.serial, text.replace("\n", "\r\n") + "\r\n")

    def _coloured(self, text: str, mood: str) -> str:
        if not self.colour or mood not in _COLOURS:
            return text
        return f"\x1b[{_COLOURS[mood]}m{text}\x1b[0m"


def _out(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # `setup.sh | head`: half an installation because of that would be absurd.
        sys.stdout = open("/dev/null", "w")  # noqa: SIM115  (lives as long as the process)
