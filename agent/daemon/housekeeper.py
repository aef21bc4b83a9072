"""Housekeeping, as the daemon sees it: what failed, and embedded, when the one-shot is started.

Owns when: at the time that the one-shot itself reckoned for the first task that is due, and once
whenever that may be wrong (our start, another manifest, a clock that was set, every hour). On
systemd timers do that. Refuses to know tasks and calendars, and to run any in this process.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.errors import BusyError, MachineError
from agent.host.clock import Clock
from agent.host.failures import HostFailure
from agent.housekeeping.states import TaskStates, read_states
from agent.housekeeping.words import trouble
from agent.layout import Layout

_FIRST = 2.0  # seconds after our start
_STEPPED = 5.0  # seconds by which the wall clock runs away from the one that never steps
_ANEW = 3600.0  # seconds; /etc/localtime may be another one meanwhile
_PAUSE = 60.0  # seconds after a start that was in vain; doubled each time
_LONGEST_PAUSE = 3600.0
_USUAL = (0, MachineError.exit_status)  # all done, some failed


class Housekeeper:
    """Safe from any thread, but for `turn`, which runs once at a time.

    `errand` starts the one-shot and waits for its end: from when on tasks are watched over (since
    1970), its exit status; HostFailure. `warn` hears of one that did not work, `ended` of each.
    """

    def __init__(
        self,
        layout: Layout,
        clock: Clock,
        *,
        errand: Callable[[float], int],
        warn: Callable[[str], None],
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._layout = layout
        self._clock = clock
        self._errand = errand
        self._warn = warn
        self._ended = ended
        self._began = clock.monotonic()
        self._offset = clock.wall() - self._began
        self._not_before = self._began + _FIRST
        self._asked = self._began
        self._pause = 0.0
        self._unsure = True
        self._under_way = False
        self._states = TaskStates()

    def read(self) -> None:
        """Take in what the one-shots did."""
        self._states = read_states(self._layout)

    def note(self) -> str:
        """For the status screen; empty where nothing failed."""
        told = trouble(self._states)
        return f"housekeeping: {told}" if told else ""

    def replace(self) -> None:
        """After another manifest was read."""
        self._unsure = True

    def look(self) -> float:
        """Take in what the one-shots did; seconds until `turn` has something to do.

        For the daemon's beat, so that a clock that was set is noticed without waking for it.
        """
        self.read()
        ticks, wall = self._clock.monotonic(), self._clock.wall()
        if abs(wall - ticks - self._offset) > _STEPPED or ticks - self._asked > _ANEW:
            self._unsure = True
        self._offset = wall - ticks
        return self.wait()

    def wait(self) -> float:
        """Seconds until `turn` has something to do, as far as is known now."""
        if self._under_way:
            return _ANEW
        held = self._not_before - self._clock.monotonic()
        if held > 0.0:
            return held
        if self._unsure:
            return 0.0
        due = self._states.next
        return _ANEW if due is None else min(_ANEW, due - self._clock.wall())

    def turn(self) -> None:
        """Run what is due; returns when that is done."""
        if self.look() <= 0.0:
            self._run()

    def _run(self) -> None:
        self._unsure = False
        begun = self._clock.wall()
        self._under_way = True
        try:
            status = self._errand(self._offset + self._began)
            told = "" if status in _USUAL else f"housekeeping ended with status {status}"
        except HostFailure as failure:
            status, told = -1, f"housekeeping could not be started: {failure}"
        finally:
            self._under_way = False
        self._asked = self._clock.monotonic()
        self.read()
        self._ended()
        due = self._states.next
        if not told and (due is None or due > min(begun, self._clock.wall())):
            self._pause = 0.0
            return
        # Somebody else is at it, it broke, or the disk took no note of it: not in a loop.
        self._pause = min(_LONGEST_PAUSE, max(_PAUSE, 2 * self._pause))
        self._not_before = self._asked + self._pause
        self._unsure = True
        if told and status != BusyError.exit_status:
            self._warn(told)
