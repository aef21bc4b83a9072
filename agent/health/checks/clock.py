"""`clock`: the clock is synchronised, and did not jump.

Owns two questions. A jump is the wall clock running away from the one that never steps, between
two looks. Whether anybody keeps the clock right is asked in the order of cost: timesyncd's mark,
the kernel, timedated. Refuses to ask a time server itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.findings import Finding, failed, passed, warned
from agent.health.context import CheckType, Context
from agent.health.words import span
from agent.manifest.checks import ClockCheck

# systemd-timesyncd touches this at each answer of its server (systemd-timesyncd(8)). It asks at
# least every PollIntervalMaxSec=, 2048 s; two unanswered times and the mark means nothing.
_MARK = "/run/systemd/timesync/synchronized"
_MARK_GOOD = 2 * 2048.0
# The kernel's NTP_PHASE_LIMIT, and the limit of systemd's own answer: an estimated error above it
# is that of a clock nobody looks after.
_MOST_ERROR = 16.0
# Seconds until the question is asked again: it may cost a process.
_ASK_AGAIN = {True: 600.0, False: 60.0, None: 600.0}
_JUMP_SHOWN = 300.0  # seconds: long enough that somebody sees it

_OFFSET = "clock.offset"  # keys of `memory`
_JUMP = "clock.jump"
_SYNC = "clock.sync"
# No instance of this release was ever set up before this.
_FLOOR = 1735689600.0  # 2025-01-01


@dataclass(frozen=True, slots=True)
class _Sync:
    """Whether the clock is synchronised (None: nobody here can tell), and when that was asked."""

    good: bool | None
    at: float


def look(check: ClockCheck, context: Context) -> Finding:
    wall, now = context.host.clock.wall(), context.host.clock.monotonic()
    jump = _jump(check, context, wall - now, now)
    if wall < _FLOOR:
        return failed("clock-wrong", "the clock is years behind: no certificate is valid now")
    if jump:
        where = "forward" if jump > 0 else "back"
        summary = f"the clock was set {where} by {span(jump)} in the last few minutes"
        return warned("clock-jumped", summary, observed=jump, unit="s")
    sync = _synchronised(context, wall, now, check.timeout)
    if sync is None:
        return passed("the clock runs evenly; nobody here can tell whether it is synchronised")
    if not sync and check.require_sync:
        return warned("clock-unsynchronised", "the clock is not synchronised with any server")
    return passed(f"the clock is {'' if sync else 'not '}synchronised and runs evenly")


def _jump(check: ClockCheck, context: Context, offset: float, now: float) -> float:
    """Seconds of the last jump that is still worth telling; 0.0 where there is none."""
    before: float = context.memory.get(_OFFSET, offset)
    context.memory[_OFFSET] = offset
    if abs(offset - before) > check.warn_jump > 0:
        context.memory[_JUMP] = (offset - before, now)
    jump, at = context.memory.get(_JUMP, (0.0, now))
    return jump if now - at < _JUMP_SHOWN else 0.0


def _synchronised(context: Context, wall: float, now: float, limit: float) -> bool | None:
    known: _Sync | None = context.memory.get(_SYNC)
    if known is None or now - known.at > _ASK_AGAIN[known.good]:
        known = _Sync(_ask(context, wall, limit), now)
        context.memory[_SYNC] = known
    return known.good


def _ask(context: Context, wall: float, limit: float) -> bool | None:
    try:
        if abs(wall - context.host.path(_MARK).stat().st_mtime) < _MARK_GOOD:
            return True
    except OSError:
        pass  # No timesyncd, or it has not reached a server since boot.
    try:
        return context.host.kernel.time_sync().most < _MOST_ERROR
    except OSError:
        # The daemon's sandbox forbids the question, as it is also the way to set the clock.
        # timedated answers anybody what the kernel tells it, by the same limit.
        return _timedated(context, limit)


def _timedated(context: Context, limit: float) -> bool | None:
    argv = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    done = context.host.run(argv, timeout=limit)
    return {"yes": True, "no": False}.get(done.stdout.strip()) if done.ok else None


TYPE = CheckType(
    code="clock",
    params=ClockCheck,
    look=look,
    codes=("clock-wrong", "clock-jumped", "clock-unsynchronised"),
    hang="the system bus gives no answer about the clock",
    cost="reads two clocks; one stat, or a process, every ten minutes",
)
