"""The agent in the background, where there is no systemd to hold it.

Owns starting and stopping the embedded daemon, and knowing whether it runs. Refuses machines
with systemd: there the units are the only way.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import msgspec

from agent.errors import MachineError, UsageError
from agent.host import detach, files, lock, permissions
from agent.host.clock import Clock
from agent.host.failures import FileFailure, HostFailure
from agent.layout import Layout
from agent.status import StatusReport

START_TIMEOUT = 15.0  # seconds to the daemon's first report
STOP_TIMEOUT = 60.0  # seconds; services have 30 s each to end by themselves
_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Background:
    """The embedded daemon of one root."""

    layout: Layout
    clock: Clock

    def running(self) -> bool:
        """Whether a daemon holds this root's lock, which the kernel drops with its process."""
        try:
            return lock.held(self.layout.daemon_lock)
        except FileFailure as failure:
            raise MachineError("daemon-unreachable", str(failure)) from failure

    def start(self) -> bool:
        """Start it unless it runs, and wait for its first report; True if it was started.

        Raises MachineError with the last lines it said.
        """
        self._only_embedded("start")
        why = permissions.why_not_as_root(self.layout.root)
        if why:
            raise UsageError("file-unsafe", why, hint="start it as the user who owns the folder")
        if self.running():
            return False
        before = self._reported()
        argv = [sys.executable, "-I", "-m", "agent.daemon", "--root", str(self.layout.root)]
        try:
            files.ensure_folder(self.layout.logs, mode=0o750)
            child = detach.start([*argv, "--embedded"], self.layout.agent_log)
        except HostFailure as failure:
            raise MachineError("daemon-failed", str(failure)) from failure
        deadline = self.clock.monotonic() + START_TIMEOUT
        while self.clock.monotonic() < deadline:
            if self._reported() not in (None, before):
                child.forget()
                return True
            # One that was starting already may have been quicker; then ours ends and it counts.
            if child.poll() is not None and not self.running():
                break
            self.clock.sleep(_STEP)
        child.forget()
        raise MachineError(
            "daemon-failed",
            f"the agent did not come up: {self._last_words()}",
            hint=f"tail {self.layout.agent_log}",
        )

    def wait_until_stopped(self) -> None:
        """After it was asked to stop. Raises MachineError if it doesn't in time."""
        deadline = self.clock.monotonic() + STOP_TIMEOUT
        while self.running():
            if self.clock.monotonic() > deadline:
                raise MachineError(
                    "daemon-failed",
                    f"the agent did not stop within {STOP_TIMEOUT:.0f} s",
                    hint=f"tail {self.layout.agent_log}",
                )
            self.clock.sleep(_STEP)

    def _only_embedded(self, verb: str) -> None:
        if not self.layout.embedded:
            raise UsageError(
                "embedded-only",
                f"{verb} is for machines without systemd",
                hint=f"sudo systemctl {verb} caretaker",
            )

    def _reported(self) -> float | None:
        """When the daemon that wrote the newest report was started; None where none did."""
        try:
            content = files.read_bytes(self.layout.status)
            return msgspec.json.decode(content, type=StatusReport).started
        except (FileNotFoundError, FileFailure, msgspec.DecodeError):
            return None

    def _last_words(self) -> str:
        try:
            text = files.read_bytes(self.layout.agent_log, cap=64 << 20).decode(errors="replace")
        except (FileNotFoundError, FileFailure):
            return "it said nothing"
        lines = [line for line in text.splitlines() if line.strip()]
        return lines[-1][:400] if lines else "it said nothing"
