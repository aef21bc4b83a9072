"""One act on a certificate by a person: alone on the machine, with an entry in the ledger.

Owns opening the scene, the lock that remedies hold too, and turning the machine's refusals into
errors with a hint. Refuses to decide what is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.cli.appliance import manifest_of
from agent.errors import BusyError, CaretakerError, MachineError, UsageError
from agent.host import files, lock, permissions
from agent.host.accounts import actor_here
from agent.host.failures import FileFailure, HostFailure, LockHeld
from agent.layout import Layout
from agent.ledger import Ledger
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene
from agent.tls.wanted import Wanted, wanted_for


@dataclass
class Act:
    """What is being done; `told` is what came of it, for the ledger and the screen."""

    scene: Scene
    wanted: Wanted
    told: str = ""


def look_at(layout: Layout, name: str) -> tuple[Scene, Wanted]:
    """The scene, and what the certificate must be. UsageError for a name that is not there."""
    manifest, layout = manifest_of(layout)
    scene = open_scene(manifest, layout)
    wanted = wanted_for(scene.host, manifest, layout, name, values=scene.values)
    return scene, wanted


@contextmanager
def acting(layout: Layout, verb: str, name: str) -> Iterator[Act]:
    """Hold the remedies' lock while the block acts; then write down how it ended."""
    why = permissions.why_not_as_root(layout.root)
    if why:
        raise UsageError("file-unsafe", why, hint="run it as the user who owns the folder")
    scene, wanted = look_at(layout, name)
    act = Act(scene, wanted)
    ledger = Ledger(scene.layout.ledger, scene.host.clock)
    begun, outcome = scene.host.clock.monotonic(), "failed"
    try:
        with _refusals_told(scene, verb, name):
            files.ensure_folder(scene.layout.state)
            with lock.exclusive(scene.layout.remedies_lock, purpose=f"caretaker tls {verb}"):
                yield act
        outcome = "done"
    except CaretakerError as error:
        act.told = error.message
        raise
    finally:
        took = scene.host.clock.monotonic() - begun
        ledger.write(
            f"tls-{verb}", target=name, outcome=outcome, why=act.told or "it broke off",
            actor=actor_here(), seconds=took,
        )  # fmt: skip


@contextmanager
def _refusals_told(scene: Scene, verb: str, name: str) -> Iterator[None]:
    try:
        yield
    except LockHeld as held:
        raise BusyError(
            "lock-held", f"a remedy is at work: {held}", hint=f"caretaker tls {verb} {name}"
        ) from held
    except FileFailure as failure:
        raise MachineError(
            "file-unwritable", str(failure), hint=f"sudo caretaker tls {verb} {name}"
        ) from failure
    except (HostFailure, OSError) as failure:
        raise MachineError(
            "file-unreadable", str(failure), hint=f"sudo caretaker tls {verb} {name}"
        ) from failure
