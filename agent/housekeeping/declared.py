"""The vendor's own tasks: a program of the manifest, run as its user.

Owns what its end means. Its time limit is `host.run`'s, which ends the whole family of processes.
Refuses shells, and to run as root unless the manifest says so.
"""

from __future__ import annotations

from pathlib import Path

from agent.host.spawn import Completed
from agent.housekeeping.task import Chores, Done, Task
from agent.manifest import upkeep
from agent.manifest.placeholders import expand

_LINES = 20  # of a program's output that are kept
_LONGEST = 300  # characters of one
_GRACE = 30.0  # seconds beyond the program's own, so that how it ended can still be told
# Besides: it may be written in a language that compiles as it goes, and copy to somewhere else.
_RIGHTS = (
    "# Only a program of the vendor's, run as its user, and ended when its time is over.",
    "CapabilityBoundingSet=",
    "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID CAP_KILL",
    "MemoryDenyWriteExecute=no",
    "IPAddressAllow=any",
    "MemoryMax=infinity",
    "TasksMax=512",
)


def declared_task(name: str, declared: upkeep.Task, app: str) -> Task:
    """The task that runs the program. `app` is the appliance's name, and its user's."""

    def run(chores: Chores) -> Done:
        argv = [expand(word, chores.values) for word in declared.command]
        # Below a root of its own nobody else is there to become; services have it so too.
        user = declared.user or ("" if chores.layout.embedded else app)
        if chores.dry:
            return Done(summary=f"would run {argv[0]}{f' as {user}' if user else ''}")
        home = chores.layout.data if chores.layout.data.is_dir() else Path("/")
        done = chores.host.run(
            argv, timeout=declared.timeout, env={"HOME": str(home)}, cwd=home, user=user
        )
        return _told(done, argv[0])

    return Task(
        name=name,
        title=declared.title or f"runs {declared.command[0]}",
        schedule=upkeep.Schedule(
            calendar=declared.calendar, jitter=declared.jitter, persistent=declared.persistent
        ),
        run=run,
        frees=declared.frees,
        timeout=declared.timeout + _GRACE,
        rights=_RIGHTS,
    )


def _told(done: Completed, program: str) -> Done:
    lines = tuple(line[:_LONGEST] for line in done.stdout.strip().splitlines()[-_LINES:])
    if done.ok:
        return Done(summary=lines[-1] if lines else f"{program} ended well", lines=lines)
    return Done(summary=f"{program} failed", lines=lines, problems=(done.reason,))
