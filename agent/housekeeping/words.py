"""What people are told of housekeeping as a whole: the failures that still stand. Pure.

Owns the words, for the status screen and the daemon's report alike.
"""

from __future__ import annotations

from agent.housekeeping.states import BROKE_OFF, FAILED, TaskStates

_LONGEST = 160  # characters of why


def failing(states: TaskStates) -> list[str]:
    """Tasks whose last run failed, the newest failure first."""
    bad = [name for name, each in states.tasks.items() if each.outcome in (FAILED, BROKE_OFF)]
    return sorted(bad, key=lambda name: states.tasks[name].began, reverse=True)


def trouble(states: TaskStates) -> str:
    """One line on the newest failure that no later run has made good; empty where there is none."""
    bad = failing(states)
    if not bad:
        return ""
    last = states.tasks[bad[0]]
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return f"{bad[0]} {last.outcome}: {last.why[:_LONGEST]}{more}"
