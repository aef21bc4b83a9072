"""Asking for an upgrade: a request, the unit that does it, and following how far it is.

Owns the other side of `agent.patching upgrade`. Refuses to do any of it here: who follows may go
away at any time.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from agent.errors import BusyError, MachineError, RefusedError
from agent.host import files
from agent.host.failures import FileFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.patching.request import UNIT, Line, OsOutcome, OsRequest, progress_path, request_file

_STEP = 0.2  # seconds
_LOOK = 5  # steps between two looks at the unit
_CAP = 4 << 20  # bytes of the progress file
_HINT = "caretaker os upgrade"


def start(layout: Layout, host: Host, request: OsRequest) -> None:
    """Hand it over. Raises BusyError, RefusedError and MachineError."""
    if layout.embedded or not host.systemd.booted():
        message = "the system's packages belong to the machine; here nothing upgrades them"
        raise RefusedError("system-unsupported", message, hint="sudo caretaker os upgrade")
    if _runs(host):
        message = "an upgrade of the system is under way already"
        raise BusyError("lock-held", message, hint="journalctl -f -u caretaker-os")
    files.ensure_folder(layout.os_run)
    request_file(layout).save(request)
    done = host.systemd.control("start", "--no-block", UNIT)
    if not done.ok:
        files.remove(request_file(layout).path)
        said = f"systemctl start {UNIT}: {done.reason}"
        raise MachineError("command-failed", said, hint=f"systemctl status {UNIT}")


def follow(layout: Layout, host: Host, request: OsRequest) -> Iterator[Line]:
    """Each line as it comes; the last one has the end. MachineError where it was cut short."""
    told = looks = quiet = 0
    while True:
        lines = _lines(layout, request.id)
        for line in lines[told:]:
            yield line
            if line.end is not None:
                return
        quiet = 0 if len(lines) > told else quiet
        told = len(lines)
        looks += 1
        if looks % _LOOK == 0:
            # Twice in a row: between the end of the unit and its last line there is a moment.
            quiet = 0 if _runs(host) or _queued(layout) else quiet + 1
            if quiet > 2:
                raise MachineError(
                    "patching-failed",
                    "the upgrade of the system was cut short; run again, it begins with what is "
                    "left half done",
                    hint=_HINT,
                )
        host.clock.sleep(_STEP)


def ask_for(layout: Layout, host: Host, request: OsRequest) -> OsOutcome:
    """Start it and wait for its end, for callers whom nobody watches."""
    start(layout, host, request)
    last = OsOutcome()
    for line in follow(layout, host, request):
        last = line.end or last
    return last


def _runs(host: Host) -> bool:
    try:
        return host.systemd.show(UNIT).active in ("active", "activating", "deactivating")
    except OSError:
        return True  # A manager that is busy says nothing about the unit.


def _queued(layout: Layout) -> bool:
    return request_file(layout).path.exists()


def _lines(layout: Layout, identity: str) -> list[Line]:
    try:
        content = files.read_bytes(progress_path(layout), cap=_CAP)
    except (FileNotFoundError, FileFailure):
        return []
    found = []
    for text in content.split(b"\n")[:-1]:
        try:
            line = msgspec.json.decode(text, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if line.id == identity:
            found.append(line)
    return found
