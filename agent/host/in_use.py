"""Which files and folders any process has: one pass over /proc, kept for a moment.

Owns the pass, for whoever asks about very many files and must not pay for each. Refuses to be the
last word: a file opened after the pass is not in it, and another namespace's may be missing. Where
the kernel grants leases, those are asked instead (`purge`).
"""

from __future__ import annotations

import contextlib
import os
import time

_FRESH = 1.0  # seconds
_NAMELESS = ("/memfd:", "/SYSV")  # in no folder ever; their numbers begin at one


class InUse:
    """What is open, worked in, run or mapped; looked up anew once it is older than a second."""

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._files: set[tuple[int, int]] = set()
        self._mapped: dict[int, set[str]] = {}
        self._looked = float("-inf")

    def holds(self, facts: os.stat_result) -> bool:
        """Whether some process has it. OSError where there is no /proc."""
        if time.monotonic() - self._looked > _FRESH:
            self._look()
        return (facts.st_dev, facts.st_ino) in self._files or any(
            _may_be(place, facts) for place in self._mapped.get(facts.st_ino, ())
        )

    def _look(self) -> None:
        self._files, self._mapped = set(), {}
        ours = os.getpid()
        for pid in os.listdir(self._proc):
            if pid.isdigit() and int(pid) != ours:
                with contextlib.suppress(OSError):  # It ended, or is not ours to look at.
                    self._look_at(f"{self._proc}/{pid}")
        self._looked = time.monotonic()

    def _look_at(self, home: str) -> None:
        for name in ("cwd", "root", "exe", *(f"fd/{each}" for each in os.listdir(f"{home}/fd"))):
            with contextlib.suppress(OSError):
                facts = os.stat(f"{home}/{name}")
                self._files.add((facts.st_dev, facts.st_ino))
        with open(f"{home}/maps", errors="surrogateescape") as lines:
            # By inode first: on btrfs and overlayfs the device here is not stat's.
            for line in lines:
                words = line.rstrip("\n").split(None, 5)
                if len(words) == 6 and words[4] != "0" and not words[5].startswith(_NAMELESS):
                    self._mapped.setdefault(int(words[4]), set()).add(f"{home}/root{words[5]}")


def _may_be(place: str, facts: os.stat_result) -> bool:
    """Whether the mapped file is this one; one whose name is gone may be any of its number."""
    try:
        return os.path.samestat(os.stat(place), facts)
    except OSError:
        return True
