"""Asking for a change: as a person's command does, and then following it to its end.

Owns the request's file, starting whoever carries it out, and turning what that one tells into
calls of a Progress, an Outcome or the same error. The change is another process: a terminal that
is closed, or Ctrl-C, ends only the following. Refuses to carry anything out.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import NoReturn

import msgspec

from agent.change.change import Outcome
from agent.change.follow import Advance, Done, Failed, Line, Note, Step, read_lines
from agent.change.request import Request
from agent.errors import (
    BusyError,
    CaretakerError,
    InternalError,
    MachineError,
    ManifestError,
    RefusedError,
    RolledBackError,
    UnhealthyError,
    UsageError,
)
from agent.host import detach, files, lock
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.progress import Progress

UNIT = "caretaker-change.service"
_STEP = 0.1  # seconds between two looks
_PATIENCE = 10.0  # seconds that housekeeping, or the unit's own end, may need
_BEGIN = 60.0  # seconds within which it must have begun
_SILENT = 10.0  # seconds after its process is gone, for whoever recovers to say how it ended
_FAMILIES = {
    each.exit_status: each
    for each in (
        UsageError, ManifestError, MachineError, BusyError, UnhealthyError, RefusedError,
        RolledBackError, InternalError,
    )
}  # fmt: skip


class Asked(msgspec.Struct, frozen=True):
    """The request's file. `id` is how whoever asked knows its own progress; `request` None: only
    bring to an end what was interrupted."""

    id: str
    request: Request | None = None


def ask_for(
    request: Request | None, layout: Layout, *, progress: Progress, host: Host | None = None
) -> Outcome | None:
    """Have a change made, and follow it; None where there was nothing to do.

    Raises what it ended with, in the same family; BusyError while another one is under way. For
    root, or below a root of its own for whoever runs the agent.
    """
    host = host or Host()
    _not_beside_another(layout, host)
    asked = Asked(os.urandom(8).hex(), request)
    try:
        files.ensure_folder(layout.change_request.parent)
        files.replace(layout.change_request, msgspec.json.encode(asked), mode=0o600, durable=False)
    except HostFailure as failure:
        raise MachineError("file-unwritable", str(failure), hint="df -h /run") from failure
    _start(layout, host)
    following = _Following(layout, host, progress, asked.id)
    try:
        return following.to_its_end()
    except KeyboardInterrupt:
        progress.note("it goes on by itself; to wait for its end: caretaker upgrade resume")
        raise


def take(layout: Layout) -> Asked | None:
    """The request that waits, gone from the disk from now on: nobody may carry it out twice.

    Raises FileFailure, and MachineError for one that holds no sense.
    """
    try:
        content = files.read_bytes(layout.change_request)
    except FileNotFoundError:
        return None
    files.remove(layout.change_request)
    try:
        return msgspec.json.decode(content, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MachineError(
            "state-corrupt", "the request makes no sense", hint="ask for it again"
        ) from error


def _not_beside_another(layout: Layout, host: Host) -> None:
    deadline = host.clock.monotonic() + _PATIENCE
    try:
        while (busy := _is_busy(layout, host)) and host.clock.monotonic() < deadline:
            host.clock.sleep(_STEP)
    except HostFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint="sudo caretaker") from failure
    if busy:
        raise BusyError(
            "lock-held",
            "setup, housekeeping or another change is at work",
            hint="caretaker ledger  # then try again",
        )


def _is_busy(layout: Layout, host: Host) -> bool:
    """Whether somebody is at it, or the unit of the one before has not quite ended: to start it
    then would do nothing. HostFailure."""
    if lock.held(layout.setup_lock):
        return True
    try:
        return not layout.embedded and host.systemd.show(UNIT).active.endswith("ing")
    except OSError:
        return False  # Then starting it fails too, and says why.


def _start(layout: Layout, host: Host) -> None:
    if layout.embedded:
        argv = [sys.executable, "-I", "-m", "agent.change", "--root", str(layout.root), "run"]
        try:
            files.ensure_folder(layout.logs, mode=0o750)
            detach.start(argv, layout.logs / "change.log").forget()
        except HostFailure as failure:
            raise MachineError("change-failed", str(failure)) from failure
        return
    host.systemd.control("reset-failed", UNIT)
    done = host.systemd.control("start", "--no-block", UNIT)
    if not done.ok:
        message = f"systemctl start {UNIT}: {done.reason}"
        raise MachineError("change-failed", message, hint=f"systemctl status {UNIT}")


@dataclass(slots=True)
class _Following:
    layout: Layout
    host: Host
    progress: Progress
    id: str
    _seen: int = 0
    _gone: float | None = field(default=None)

    def to_its_end(self) -> Outcome | None:
        clock = self.host.clock
        begun = clock.monotonic()
        while True:
            for line in self._fresh():
                if isinstance(line, Done):
                    return line.outcome
                if isinstance(line, Failed):
                    raise _error(line)
                self._pass_on(line)
            if self._seen == 0 and clock.monotonic() - begun > _BEGIN:
                self._never_begun()
            if self._is_gone():
                self._without_a_word()
            clock.sleep(_STEP)

    def _fresh(self) -> list[Line]:
        lines = list(read_lines(self.layout, self.id))
        fresh, self._seen = lines[self._seen :], len(lines)
        return fresh

    def _pass_on(self, line: Line) -> None:
        if isinstance(line, Step):
            self.progress.step(line.code, line.title)
        elif isinstance(line, Advance):
            self.progress.advance(line.done, line.total, line.unit)
        elif isinstance(line, Note):
            self.progress.note(line.text)

    def _is_gone(self) -> bool:
        """Whether its process has been gone for so long that nobody will say anything more."""
        now = self.host.clock.monotonic()
        if self._seen == 0 or self._lives():
            self._gone = None
        elif self._gone is None:
            self._gone = now
        return self._gone is not None and now - self._gone > _SILENT

    def _lives(self) -> bool:
        try:
            return lock.held(self.layout.setup_lock)
        except HostFailure:
            return True

    def _never_begun(self) -> NoReturn:
        files.remove(self.layout.change_request)
        raise MachineError(
            "change-failed", "it did not begin, and nothing was changed", hint=_log(self.layout)
        )

    def _without_a_word(self) -> NoReturn:
        raise MachineError(
            "change-failed",
            "it was ended without a word; what was begun is brought to an end by the next one",
            hint="caretaker upgrade resume",
        )


def _log(layout: Layout) -> str:
    return f"tail {layout.logs}/change.log" if layout.embedded else f"journalctl -u {UNIT}"


def _error(line: Failed) -> CaretakerError:
    family = _FAMILIES.get(line.family, InternalError)
    return family(line.code, line.message, hint=line.hint)
