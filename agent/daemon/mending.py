"""Mending, wired into the daemon: who is asked for a remedy, and what is shown of it.

Owns the two ways to a one-shot (systemd's, by name over the acts' socket; embedded, a child of
ours), and telling desk, log and events. Refuses the rules of when (`mender`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from agent.act.acts import RUN_REMEDY
from agent.act.client import ask
from agent.daemon.appliance import Appliance
from agent.daemon.desk import Desk
from agent.daemon.keeper import ModeKeeper
from agent.daemon.looks import Looks
from agent.daemon.mender import Mender, World
from agent.daemon.records import Records
from agent.daemon.safe_mode import RemedyMemory, notice
from agent.daemon.under_way import change_under_way
from agent.errors import MachineError
from agent.host.machine import Host
from agent.host.spawn import Completed
from agent.remedies.cures import cures_of
from agent.remedies.deed import TOLD
from agent.status import SafeModeReport

BOOT_LONGEST = 120.0  # seconds; TimeoutStartSec= of caretaker-boot.service
_LONGEST = 900.0  # seconds that a remedy may take; TimeoutStartSec= of caretaker-act@.service


class Parts(Protocol):
    """What mending needs of the daemon."""

    appliance: Appliance
    host: Host
    desk: Desk
    looks: Looks
    keeper: ModeKeeper
    records: Records
    stopping: bool


class Mending:
    """Safe from any thread once started."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._memory = RemedyMemory(parts.appliance.layout.remedies)
        self._shown: list[SafeModeReport] = []
        self._turn = threading.Lock()
        self._over = False
        world = World(
            clock=parts.host.clock,
            cures=lambda: cures_of(parts.appliance.manifest),
            ask=self._ask,
            again=self._again,
            verdict=parts.desk.verdict,
            memory=self._memory.read,
            held=self._held,
            told=self._told,
            broken=parts.records.broken,
        )
        self._mender = Mender(world)

    def start(self) -> None:
        self.beat()
        self._mender.start()

    def first(self, begin: Callable[[], None]) -> None:
        """Embedded: the remedies of boot, then `begin`, which starts the services. Returns at once.

        Where they take too long, or break, the services are started all the same.
        """
        threading.Thread(target=self._first, args=(begin,), name="boot", daemon=True).start()

    def stop(self) -> None:
        """Nothing is begun any more. Does not wait for what is under way."""
        with self._turn:
            self._over = True
        self._mender.stop()

    def heard(self) -> None:
        """The verdict changed. Never waits."""
        self._mender.heard()

    def replace(self) -> None:
        """After another manifest was read."""
        self._mender.replace()

    def beat(self) -> None:
        """Take in what root's one-shots, and people, did meanwhile."""
        self._memory.read()
        before, self._shown = self._shown, self._memory.safe()
        self._parts.desk.set_notice(notice(self._shown))
        if {(each.remedy, each.target) for each in before} - {
            (each.remedy, each.target) for each in self._shown
        }:
            self._mender.forget()
        else:
            # A code may have changed without the verdict.
            self._mender.heard()

    def safe(self) -> list[SafeModeReport]:
        return self._shown

    def notes(self) -> list[str]:
        return [each.note for each in self._shown]

    def counts(self) -> dict[str, dict[str, int]]:
        """What remedies did: remedy -> outcome -> times."""
        return self._memory.newest.counts

    def _ask(self, remedy: str) -> None:
        parts = self._parts
        layout = parts.appliance.layout
        if not layout.embedded:
            ask(RUN_REMEDY.name, remedy, host=parts.host, layout=layout)
            return
        done = self._child("run", remedy, timeout=_LONGEST)
        if done.status not in TOLD or done.timed_out:
            raise MachineError("command-failed", f"the remedy {remedy}: {done.reason}")

    def _first(self, begin: Callable[[], None]) -> None:
        done = self._child("boot", timeout=BOOT_LONGEST)
        if not done.ok:
            self._parts.records.warn(f"remedies at the start: {done.reason}", code="remedy")
        with self._turn:
            if not self._over:
                begin()

    def _child(self, *words: str, timeout: float) -> Completed:
        root = str(self._parts.appliance.layout.root)
        argv = [sys.executable, "-I", "-m", "agent.remedies", "--root", root]
        return self._parts.host.run([*argv, *words], timeout=timeout)

    def _again(self, checks: Iterable[str]) -> None:
        self._parts.looks.again(checks)

    def _held(self) -> bool:
        """In maintenance a person works here, and a change stops services on purpose; a drain only
        keeps traffic away."""
        parts = self._parts
        if parts.stopping or parts.keeper.current().maintenance is not None:
            return True
        return change_under_way(parts.appliance.layout, parts.host)

    def _told(self, remedy: str, did: str, error: str) -> None:
        if error:
            self._parts.records.warn(f"remedy {remedy}: {error}", code="remedy", remedy=remedy)
        if did:
            self._parts.records.happened(f"remedy {remedy}", did)
        self.beat()
