"""Ways to clear a stale pid file: ours, and two that are in use elsewhere.

Owns calling them. The peers are written here as they stand in many a start script and daemon.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from agent.host import passport
from agent.host.machine import Host
from agent.layout import Layout
from agent.locks import judgement
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.remedies import locks
from agent.remedies.remedy import Fault, Scene
from agent.services.protocol import ServiceState
from bench.locks.stage import Clear, lives

_WORDS = {
    "stands in quarantine": "moved",
    "had gone": "gone",
    "taken anew": "returned",
    "left alone": "left",
}


class Deaf:
    """A service manager that says the service is down while its processes fight: the worst case."""

    def names(self) -> tuple[str, ...]:
        return ("db",)

    def state(self, name: str) -> ServiceState:
        return ServiceState(name, "db.service", False, "stopped")

    def states(self) -> dict[str, ServiceState]:
        return {"db": self.state("db")}

    def pids(self, name: str) -> list[int]:
        return []

    def start(self, name: str) -> None:
        raise AssertionError("it was stopped when the remedy came")

    stop = restart = reload = start


def remedy(folder: Path) -> Clear:
    """The remedy of the product, from its look to its move; only its clock of patience is gone.

    A file without a number is given a minute to get one. Here it is judged at once, so that who
    is about to write is protected by nothing but being seen.
    """
    judgement.BEING_WRITTEN = -1.0
    layout = Layout(folder / "root", "shop")
    layout.data_home.mkdir(parents=True)
    text = {
        "appliance": {"name": "shop", "version": "1"},
        "services": {"db": {"unit": "db.service"}},
        "locks": {"pid": {"path": str(folder / "db.pid"), "kind": "pidfile", "service": "db"}},
    }
    manifest = msgspec.convert(text, Manifest)
    values = Values(paths=layout.placeholders(), named={})
    scene = Scene(Host(), manifest, layout, values, Deaf())
    fault = Fault(target="pid", code="lock-stale", summary="")

    def clear(path: Path) -> str:
        said = locks.mend(scene, fault)
        outcome = next(word for sign, word in _WORDS.items() if sign in said)
        if outcome == "moved":
            kept = Path(said.rpartition("mv -n ")[2].split()[0])
            number = kept.read_bytes().strip()
            who = passport.of(int(number)) if number else None
            # Nobody waits for a killed one at once: it is a zombie, which `kill -0` calls alive.
            if who is not None and who.lives:
                outcome = "moved alive"
            kept.unlink()
        return outcome

    return clear


def unlinking(folder: Path) -> Clear:
    """Read the number, ask whether it lives, unlink."""

    def clear(path: Path) -> str:
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes().strip()
            if content and not lives(int(content)):
                path.unlink()
                return "moved"
            if not content and _is_old(path):
                path.unlink()
                return "moved"
        return "left"

    return clear


def aside(folder: Path) -> Clear:
    """Rename it aside, look whether it is what was judged, link it back where not."""
    kept = folder / "aside"

    def clear(path: Path) -> str:
        with contextlib.suppress(FileNotFoundError):
            content = path.read_bytes().strip()
            if lives(int(content)) if content else not _is_old(path):
                return "left"
            path.rename(kept)
            if kept.read_bytes().strip() == content:
                kept.unlink()
                return "moved"
            with contextlib.suppress(FileExistsError):
                os.link(kept, path)
            kept.unlink()
            return "returned"
        return "left"

    return clear


def _is_old(path: Path) -> bool:
    """Nothing was written to it in the last ten milliseconds."""
    import time

    return time.time() - path.stat().st_mtime > 0.01
