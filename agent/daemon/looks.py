"""Every check on the timetable.

Owns which job stands for which check, and each check's memory. Refuses to judge: what a look saw
goes to the desk.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from agent.daemon.appliance import Appliance
from agent.daemon.desk import Desk
from agent.daemon.timetable import Timetable
from agent.health.context import Context
from agent.health.engine import Changes
from agent.health.look import look_once
from agent.host.machine import Host
from agent.services.protocol import Services


class Looks:
    """The looks of one daemon. `begin` and `change` are called by one thread at a time."""

    def __init__(self, desk: Desk, timetable: Timetable, host: Host) -> None:
        self._desk = desk
        self._timetable = timetable
        self._host = host
        self._jobs: dict[str, str] = {}
        self._count = 0
        self._world: tuple[Appliance, Services] | None = None

    def begin(self, appliance: Appliance, services: Services, names: tuple[str, ...]) -> None:
        """Look at these checks now, and from now on each in its period, spread over it."""
        self._world = appliance, services
        for place, name in enumerate(names, start=1):
            # Numbered: a job of the same name, dropped in mid-look, would count as still running.
            self._count += 1
            self._jobs[name] = job = f"look {name} {self._count}"
            memory: dict[str, Any] = {}
            work = partial(self._look, name, job, memory)
            every = float(appliance.manifest.checks[name].every)
            self._timetable.add(job, every, work, phase=place / len(names))

    def change(self, appliance: Appliance, services: Services, changes: Changes) -> None:
        """After `Desk.replace`. Checks that were kept go on, in the new surroundings."""
        for name in changes.removed:
            self._timetable.drop(self._jobs.pop(name))
        self.begin(appliance, services, changes.added)

    def again(self, names: Iterable[str]) -> None:
        """Look at these now, not at their time. From any thread."""
        for name in names:
            job = self._jobs.get(name)
            if job is not None:
                self._timetable.not_later(job, self._host.clock.monotonic())

    def _look(self, name: str, job: str, memory: dict[str, Any]) -> None:
        if self._jobs.get(name) != job or self._world is None:
            return  # It was replaced between its time and its turn.
        appliance, services = self._world
        context = Context(self._host, appliance.layout, appliance.values, services, name, memory)
        check = appliance.manifest.checks[name]
        following = self._desk.look(name, check, lambda: look_once(check, context))
        if following is not None:
            self._timetable.not_later(job, following)
