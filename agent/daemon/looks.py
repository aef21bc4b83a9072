"""Every check on the timetable.

Owns which job stands for which check, and each check's memory. Refuses to judge: what a look saw
goes to the desk.
"""

from __future__ import annotations

from functools import partial

from agent.daemon.appliance import Appliance
from agent.daemon.desk import Desk
from agent.daemon.timetable import Timetable
from agent.health.context import Context
from agent.health.engine import Changes
from agent.health.look import look_once
from agent.host.machine import Host
from agent.manifest.checks import Check
from agent.services.protocol import Services

_JOB = "look "  # a check can't be called like another job then


class Looks:
    """The looks of one daemon. Called from one thread at a time."""

    def __init__(self, desk: Desk, timetable: Timetable, host: Host) -> None:
        self._desk = desk
        self._timetable = timetable
        self._host = host

    def begin(self, appliance: Appliance, services: Services, names: tuple[str, ...]) -> None:
        """Look at these checks now, and from now on each in its period, spread over it."""
        for place, name in enumerate(names, start=1):
            check = appliance.manifest.checks[name]
            context = Context(self._host, appliance.layout, appliance.values, services, name)
            work = partial(self._look, name, check, context)
            self._timetable.add(_JOB + name, float(check.every), work, phase=place / len(names))

    def change(self, appliance: Appliance, services: Services, changes: Changes) -> None:
        """After `Desk.replace`. Checks that were kept go on as they are."""
        for name in changes.removed:
            self._timetable.drop(_JOB + name)
        self.begin(appliance, services, changes.added)

    def _look(self, name: str, check: Check, context: Context) -> None:
        following = self._desk.look(name, lambda: look_once(check, context))
        if following is not None:
            self._timetable.not_later(_JOB + name, following)
