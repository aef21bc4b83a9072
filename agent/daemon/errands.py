"""The one-shots that an embedded daemon starts as children of its own.

Owns their command lines and their log. On systemd units do that.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from agent.host import children, files, rotation
from agent.host.errand import run_errand
from agent.layout import Layout

_LOG_MOST = 1 << 20  # bytes, before it begins anew
_MARK = "task/"  # no service can have that name


def housekeeping(layout: Layout, up_since: float) -> int:
    """Run what is due; the exit status. Call it from a thread that may wait. HostFailure."""
    log = layout.logs / "housekeeping.log"
    files.ensure_folder(layout.logs, mode=0o750)
    if rotation.size(log) > _LOG_MOST:
        with contextlib.suppress(OSError):  # A longer log is no reason not to tidy up.
            rotation.cut(log)
    root = str(layout.root)
    words = ["--root", root, "run", "--due", "--since", f"{up_since:.3f}"]
    program = children.Program(
        argv=[sys.executable, "-I", "-m", "agent.housekeeping", *words],
        # Both must read calendars on the same clock face.
        environment={"TZ": os.environ["TZ"]} if "TZ" in os.environ else {},
        folder=Path("/"),
        log=log,
        mark=f"{root}:{_MARK}",
    )
    return run_errand(program)
