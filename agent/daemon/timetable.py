"""The timetable: what runs when, driven by APScheduler on a clock that never steps.

Owns the clock trick and the trigger. Refuses to know what a job does.

APScheduler 3 reckons in wall time: a clock set back an hour would stop every check for an hour,
one set forward ten years would make it count through ten years of missed runs. It asks for the
time with `datetime.now(zone)`, which Python answers through the zone's own `fromutc`. So it gets
a zone of ours, in which it is ever 1970 and ticks (CLOCK_BOOTTIME) have passed since.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from apscheduler.events import EVENT_JOB_ERROR
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from agent.daemon.pool import Pool
from agent.host.clock import Clock

_NEVER_SKIPS = timedelta(0)
_OVERDUE = timedelta(seconds=1)
_SHORTEST_WAIT = 0.25  # seconds
_WORTH_IT = 0.05  # seconds by which a job must come sooner for the timetable to be changed


class SteadyZone(tzinfo):
    """A time zone whose "now" is a clock that only grows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def utcoffset(self, _when: datetime | None) -> timedelta:
        return _NEVER_SKIPS

    def dst(self, _when: datetime | None) -> timedelta:
        return _NEVER_SKIPS

    def tzname(self, _when: datetime | None) -> str:
        return "ticks"

    def fromutc(self, _wall: datetime) -> datetime:
        return self.at(self._clock.monotonic())

    def at(self, ticks: float) -> datetime:
        return datetime(1970, 1, 1, tzinfo=self) + timedelta(seconds=ticks)


class Every(BaseTrigger):  # type: ignore[misc]  # APScheduler publishes no types
    """At once, then after `phase` of a period, then every period.

    The phase spreads jobs of one period over it. It only ever shortens the first wait, so that
    nothing is noticed later than its period promises. Runs that were missed (a suspended
    machine) are skipped in one step, never made up for.
    """

    def __init__(self, seconds: float, phase: float) -> None:
        self._period = timedelta(seconds=seconds)
        self._second = self._period * phase
        self._first: datetime | None = None

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """APScheduler asks more than once for the same run, so the answer hangs on no count."""
        if previous is None:
            self._first = now
            return now
        following = previous + (self._second if previous == self._first else self._period)
        if following > now:
            return following
        return following + ((now - following) // self._period + 1) * self._period


class WhenDue(BaseTrigger):  # type: ignore[misc]  # APScheduler publishes no types
    """After as many seconds as `wait` says then; at least some.

    So a job can go by the wall clock on a timetable whose clock never steps: what it waits for is
    reckoned again at each look.
    """

    def __init__(self, wait: Callable[[], float]) -> None:
        self._wait = wait

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        return now + timedelta(seconds=max(_SHORTEST_WAIT, self._wait()))


class _OnPool(BasePoolExecutor):  # type: ignore[misc]  # APScheduler publishes no types
    """APScheduler's executor on threads of ours; its own constructor is abstract."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)


class Timetable:
    """Jobs by name. Times are ticks; safe from any thread once started."""

    def __init__(
        self, clock: Clock, *, threads: int, broken: Callable[[str, BaseException], None]
    ) -> None:
        """`broken` hears of a job that raised, which none should."""
        # Its own log speaks of every run that took longer than its period; our verdicts do.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._clock = clock
        self._zone = SteadyZone(clock)
        self._ticked = clock.monotonic()
        self._scheduler = BackgroundScheduler(
            timezone=self._zone,
            executors={"default": _OnPool(Pool(threads))},
            # None: a run is never too late to be made; coalesce: but it is made once.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

        def tell(event: Any) -> None:
            broken(event.job_id, event.exception)

        self._scheduler.add_listener(tell, EVENT_JOB_ERROR)

    def start(self) -> None:
        self._scheduler.start()

    def add(
        self, name: str, seconds: float, work: Callable[[], None], *, phase: float = 1.0
    ) -> None:
        """Run `work` now and then every `seconds`; `phase` in (0, 1], see `Every`."""

        def run() -> None:
            self._ticked = self._clock.monotonic()
            work()

        self._scheduler.add_job(run, Every(seconds, phase), id=name, name=name)

    def add_when(self, name: str, wait: Callable[[], float], work: Callable[[], None]) -> None:
        """Run `work` after as many seconds as `wait` says, asked anew after each run."""

        def run() -> None:
            work()
            # APScheduler asked when this run began; now it may be known better.
            self.not_later(name, self._clock.monotonic() + max(_SHORTEST_WAIT, wait()))

        self._scheduler.add_job(run, WhenDue(wait), id=name, name=name)

    def drop(self, name: str) -> None:
        """Forget a job; one under way ends by itself."""
        try:
            self._scheduler.remove_job(name)
        except JobLookupError:
            return

    def not_later(self, name: str, ticks: float) -> None:
        """Bring the next run of a job forward, if it is planned for later than that."""
        job = self._scheduler.get_job(name)
        if job is None or job.next_run_time is None:
            return
        wanted = self._zone.at(ticks)
        if (job.next_run_time - wanted).total_seconds() > _WORTH_IT:
            try:
                job.modify(next_run_time=wanted)
            except JobLookupError:  # dropped meanwhile
                return

    def age(self) -> float:
        """Seconds since a job last began: the proof that the timetable is kept."""
        return self._clock.monotonic() - self._ticked

    def wake_if_overdue(self) -> bool:
        """Look at the clock again if a job is overdue; whether one was.

        Waits run on a clock that stands still while the machine is suspended (futex(2)).
        """
        moments = [job.next_run_time for job in self._scheduler.get_jobs()]
        now = self._zone.at(self._clock.monotonic())
        overdue = any(at is not None and at < now - _OVERDUE for at in moments)
        if overdue:
            self._scheduler.wakeup()
        return overdue

    def stop(self) -> None:
        """Begin nothing more. Does not wait for what is under way."""
        self._scheduler.shutdown(wait=False)
