"""The lock in dispute, the contenders, and whoever clears it meanwhile.

Owns one run. Refuses to count what only it could know: owners tell of each other by a lock of the
kernel (`contender`), and the file's own number is asked whether it lives.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CONTENDER = Path(__file__).with_name("contender.py")
DIE = 10  # of 100 are killed with the lock in their hands
Clear = Callable[[Path], str]
"""One try to clear the file; what came of it, `moved` where it was taken away."""


@dataclass
class Result:
    """What one clearer did to the contenders."""

    name: str
    races: int = 0
    died: int = 0
    double: int = 0
    missing: int = 0
    lost: int = 0
    seconds: float = 0.0
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def moved(self) -> int:
        return self.outcomes.get("moved", 0)

    def row(self) -> list[str]:
        return [
            self.name,
            f"{self.races:,}",
            f"{self.races / self.seconds:,.0f}",
            f"{self.died:,}",
            f"{self.moved:,}",
            f"{self.outcomes.get('returned', 0):,}",
            f"{self.double:,}",
            f"{self.missing:,}",
        ]


def dispute(name: str, races: int, clear: Callable[[Path], Clear], *, spawners: int = 2) -> Result:
    """Let contenders race for a file while `clear` is tried over and over, in this process."""
    result = Result(name)
    with tempfile.TemporaryDirectory(prefix="bench-locks-", dir="/dev/shm") as folder:
        place = Path(folder)
        (place / "witness").touch()
        attempt = clear(place)
        share = [races // spawners] * spawners
        began = time.monotonic()
        contenders = [
            subprocess.Popen(
                [sys.executable, "-I", "-S", str(CONTENDER), folder, str(each), str(DIE)],
                stdout=subprocess.PIPE,
            )
            for each in share
        ]
        try:
            while any(each.poll() is None for each in contenders):
                outcome = attempt(place / "db.pid")
                result.outcomes[outcome] = result.outcomes.get(outcome, 0) + 1
            result.seconds = time.monotonic() - began
        finally:
            for each in contenders:
                each.kill()
                out, _ = each.communicate()
                _add(result, json.loads(out or b"{}"))
    return result


def _add(result: Result, met: dict[str, int]) -> None:
    result.races += sum(met.get(word, 0) for word in ("released", "died", "double", "missing"))
    for word in ("died", "double", "missing", "lost"):
        setattr(result, word, getattr(result, word) + met.get(word, 0))


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
