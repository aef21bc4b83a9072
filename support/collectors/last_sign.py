"""When a machine whose disk is mounted here lived last, by what it wrote.

Owns which files tell. Refuses to guess where none does.
"""

from __future__ import annotations

from agent.host import found
from agent.layout import Layout

# Folders change only when a file in them comes or goes; what is written to are the files.
_WRITTEN = (
    *("/var/log/journal/*/*.journal", "/var/log/wtmp", "/var/log/*.log", "/var/log/syslog"),
    *("/var/log/messages", "/var/log/caretaker/*", "/var/lib/caretaker/*.db*"),
    *("/var/lib/caretaker/agent/*.db*", "/var/lib/systemd/timesync/clock"),
)
_AFTER = 60.0  # seconds: what came last is meant too


def last_sign(layout: Layout, now: float) -> float:
    """Seconds since 1970, a little later than the last thing written; `now` where nothing tells."""
    patterns = [*_WRITTEN, *([f"/var/log/{layout.app}/*"] if layout.app else [])]
    times = [each.modified for one in patterns for each in found.matching(layout.root, one)]
    # A clock that was ahead wrote times that have not come yet.
    return min(now, max((at for at in times if at <= now), default=now) + _AFTER)
