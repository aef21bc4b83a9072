"""The kill-point sweep: setup is killed at a point, run again, and must stand as if undisturbed.

Owns the two kinds of point: right before a state-changing call of setup itself (strace), and
moments while the private environment is made (the work of pip and its children). At every other
point the agent that a killed run started survives it, as it would a lost terminal.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.setup.arena import Arena, Ended
from bench.setup.state import differences, snapshot
from bench.setup.trace import Point, record, spread


@dataclass
class Sweep:
    """What came of it. `moments` is how many calls an undisturbed run makes."""

    moments: int = 0
    points: int = 0
    killed: int = 0
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def sweep_steps(
    arena: Arena, count: int, told: Callable[[str], None], *, sweep: Sweep | None = None
) -> Sweep:
    """Kill at `count` calls spread over a whole run in an environment that stands."""
    sweep = sweep or Sweep()
    prepare(arena)
    arena.reset()
    points = record(arena.argv(), arena.folder / "strace.log")
    wanted = snapshot(arena.root)
    sweep.moments = len(points)
    for number, point in enumerate(spread(points, count)):
        killed_at = _kill_at(arena, points, points.index(point))
        sweep.killed += killed_at is not None
        arena.end_orphans(spare_agent=number % 2 == 1)
        _converge(arena, str(killed_at or point), wanted, sweep)
        told(f"{sweep.points} points, {sweep.killed} killed, {len(sweep.failures)} failed")
    return sweep


def sweep_environment(
    arena: Arena, count: int, told: Callable[[str], None], *, sweep: Sweep | None = None
) -> Sweep:
    """Kill at `count` moments spread over the making of the environment and the steps after."""
    sweep = sweep or Sweep()
    first = prepare(arena)
    wanted = snapshot(arena.root)
    for number in range(count):
        arena.end_orphans()
        shutil.rmtree(arena.root)
        delay = first.seconds * (number + 1) / (count + 1)
        sweep.killed += arena.run_killed_after(delay)
        _converge(arena, f"after {delay:.2f} s", wanted, sweep)
        told(f"{sweep.points} points, {sweep.killed} killed, {len(sweep.failures)} failed")
    return sweep


def prepare(arena: Arena) -> Ended:
    """One undisturbed run from nothing but what is there."""
    first = arena.run()
    if first.status:
        raise SystemExit(
            f"an undisturbed run ended with {first.status}: {first.events} {first.err}"
        )
    return first


def _kill_at(arena: Arena, points: list[Point], place: int) -> Point | None:
    """Kill at that point, or at one shortly before it: no two runs make quite the same calls."""
    for point in reversed(points[max(0, place - 5) : place + 1]):
        arena.reset()
        if arena.run(under=point.under()).status != 0:
            return point
    return None


def _converge(arena: Arena, where: str, wanted: dict[str, str], sweep: Sweep) -> None:
    sweep.points += 1
    again = arena.run()
    sweep.seconds.append(again.seconds)
    if again.status:
        why = again.verdict.get("error") if again.events else again.err
        sweep.failures.append(f"killed at {where}: the next run ended with {again.status}: {why}")
        return
    second = arena.run()
    if second.changed != 0:
        told = [each["words"] for each in second.events if each.get("outcome") == "changed"]
        sweep.failures.append(f"killed at {where}: the run after changed things: {told}")
    for line in differences(wanted, snapshot(arena.root)):
        sweep.failures.append(f"killed at {where}: {line}")
