"""Owns a small tree to be purged, and running a purge over it at a moment of the test's choice."""

import os
import time
from pathlib import Path

from agent.host import purge
from agent.host.purge import Purged, Terms

AGE = 3600.0


def old_now() -> float:
    """A moment by which everything there is now is older than AGE."""
    time.sleep(0.02)  # the kernel dates files by its tick
    return time.time() + AGE


def run(top: Path, now: float, **terms: object) -> Purged:
    fd = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return purge.purge(fd, Terms(now=now, age=AGE, **terms), path=str(top))  # type: ignore[arg-type] # one place for all
    finally:
        os.close(fd)


def names(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*"))


def make_tree(home: Path) -> Path:
    top = home / "tree"
    (top / "a/b").mkdir(parents=True)
    for name in ("one.tmp", "two.log", "a/three.tmp", "a/b/four.tmp"):
        (top / name).write_bytes(b"x" * 5000)
    return top
