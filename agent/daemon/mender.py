"""Asking for remedies: the daemon's part in mending.

Owns when one is asked for again, and the thread in which that is waited for; at most one remedy is
under way. Refuses to act, which a one-shot does, and the rules of how often it may
(`agent.remedies.course`), which hold without the daemon too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agent.errors import CaretakerError
from agent.findings import Status
from agent.health.verdict import Verdict
from agent.host.clock import Clock
from agent.remedies.cures import Cure, Key, calls, recovering, wrong_of
from agent.remedies.memory import Memory

FIRST_PAUSE = 10.0  # seconds until the same call is repeated; doubled each time
LONGEST_PAUSE = 900.0
_SETTLE = 8.0  # seconds in which a mend may show in the checks, looked at again and again
_MOMENT = 1.0  # seconds in which it must at least begin to
_STEP = 0.25


@dataclass(frozen=True, slots=True)
class World:
    """What the mender needs of the daemon; every function is safe from any thread.

    `cures` is the table of what calls what, read when something is wrong. `ask` runs a remedy by
    name and waits (CaretakerError). `again` has checks looked at now. `memory` is what remedies
    remember, read anew. `held` says that nothing may run unasked. `told` hears of a remedy that
    was asked for: its name, what it did ("" nothing), an error; `broken` of a defect of ours.
    """

    clock: Clock
    cures: Callable[[], tuple[Cure, ...]]
    ask: Callable[[str], None]
    again: Callable[[Iterable[str]], None]
    verdict: Callable[[], Verdict]
    memory: Callable[[], Memory | None]
    held: Callable[[], bool]
    told: Callable[[str, str, str], None]
    broken: Callable[[str, BaseException], None]


@dataclass(frozen=True, slots=True)
class _Tried:
    """A call that was answered: what called, how often in a row, and when last (ticks)."""

    key: Key
    times: int
    at: float

    def due(self) -> float:
        return self.at + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.times - 1, 32))


class Mender:
    """Safe from any thread."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cures: tuple[Cure, ...] | None = None
        self._tried: dict[str, _Tried] = {}
        self._news = threading.Condition()
        self._heard = False
        self._over = False
        self._thread = threading.Thread(target=self._run, name="mender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask for nothing more. Does not wait for what is under way."""
        with self._news:
            self._over = True
            self._news.notify()

    def replace(self) -> None:
        """After another manifest was read."""
        self._cures = None
        self.forget()

    def forget(self) -> None:
        """A person reset something: every call is a first one again."""
        self._tried = {}
        self.heard()

    def heard(self) -> None:
        """The verdict may have changed. Never waits: it is called under the desk's lock."""
        # Not even for our own lock: who holds it holds it for a few instructions.
        with self._news:
            self._heard = True
            self._news.notify()

    def turn(self) -> float:
        """Ask for what is due now; seconds until something is, if nothing new is heard."""
        world = self._world
        if world.held():
            return float("inf")
        called = self._called()
        tried = self._tried
        self._tried = tried = {name: each for name, each in tried.items() if name in called}
        now, soonest = world.clock.monotonic(), float("inf")
        for remedy, key in called.items():
            due = self._due(remedy, key, now)
            if due > now:
                soonest = min(soonest, due)
                continue
            before = tried.get(remedy)
            times = before.times + 1 if before is not None and before.key == key else 1
            acted = self._ask(remedy)
            tried[remedy] = _Tried(key, times, world.clock.monotonic())
            if acted:
                self._settle({check for check, _ in key})
            return 0.0  # The world is another one now.
        return soonest - now

    def _called(self) -> dict[str, Key]:
        """The remedies that the checks call now, in their order."""
        wrong = wrong_of(self._world.verdict().checks)
        if not wrong:
            return {}
        if self._cures is None:
            self._cures = self._world.cures()
        return calls(wrong, self._cures)

    def _due(self, remedy: str, key: Key, now: float) -> float:
        """Ticks at which the call is to be answered."""
        tried = self._tried.get(remedy)
        if tried is None or tried.key != key:
            return now
        memory = self._world.memory()
        records = memory.targets.get(remedy, {}) if memory is not None else {}
        waits = [each.wait_until for each in records.values() if not each.safe]
        return max(tried.due(), min((at for at in waits if at > now), default=now))

    def _ask(self, remedy: str) -> bool:
        """Whether it did something."""
        world, error = self._world, ""
        done, failed = self._count(remedy, "done"), self._count(remedy, "failed")
        try:
            world.ask(remedy)
        except CaretakerError as refusal:
            error = refusal.message
        acted = "done" if self._count(remedy, "done") > done else ""
        if self._count(remedy, "failed") > failed:
            acted = "failed"
        world.told(remedy, acted, error)
        return bool(acted)

    def _settle(self, checks: set[str]) -> None:
        """Have the failing checks looked at until they pass, so that the mend shows at once.

        Where another remedy waits for its first turn, only while they are on their way.
        """
        clock = self._world.clock
        begun = clock.monotonic()
        while (passed := clock.monotonic() - begun) < _SETTLE and not self._over:
            states = self._world.verdict().checks
            wrong = {
                name for name in checks & states.keys() if states[name].status is not Status.PASS
            }
            if not wrong:
                return
            on_their_way = passed < _MOMENT or all(recovering(states[each]) for each in wrong)
            if not on_their_way and any(each not in self._tried for each in self._called()):
                return
            self._world.again(wrong)
            clock.sleep(_STEP)

    def _count(self, remedy: str, outcome: str) -> int:
        memory = self._world.memory()
        return memory.counts.get(remedy, {}).get(outcome, 0) if memory is not None else 0

    def _run(self) -> None:
        while not self._over:
            try:
                wait = self.turn()
            except Exception as error:  # A defect here must not end mending for good.
                self._world.broken("mender", error)
                wait = LONGEST_PAUSE
            with self._news:
                if wait > 0 and not self._heard and not self._over:
                    self._news.wait(None if wait == float("inf") else wait)
                self._heard = False
