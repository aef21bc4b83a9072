"""The way into a virtual machine: SSH with a key that was made for it alone.

Owns the key, the client's argument list and copying a file in and out. Refuses passwords, agents,
forwarding, and every file of the person's own: known hosts and configuration are its own too.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import MachineError
from agent.host import open_new, streaming
from agent.host.machine import Host
from agent.host.spawn import Completed
from packer.program import program
from packer.virtual.seed import USER

PORT = 22
_MAKE = 20.0  # seconds
_CONNECT = 30  # seconds; a machine under TCG takes some to agree on a key


def make_key(host: Host, path: Path) -> str:
    """Make a pair at `path` and return its public line. Raises MachineError."""
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", USER, "-f", str(path)]
    program(host, argv, timeout=_MAKE)
    return path.with_name(f"{path.name}.pub").read_text(encoding="ascii").strip()


@dataclass(frozen=True, slots=True)
class Login:
    """Where to, and with which files."""

    port: int
    key: Path
    known_hosts: Path

    def options(self) -> list[str]:
        settings = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "PreferredAuthentications": "publickey",
            # The first answer is remembered: a host key that changes over a reboot is refused.
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(self.known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "ConnectTimeout": str(_CONNECT),
            "ServerAliveInterval": "15",
            "ClearAllForwardings": "yes",
            "LogLevel": "ERROR",
        }
        words = ["-F", "none", "-i", str(self.key)]
        for name, value in settings.items():
            words += ["-o", f"{name}={value}"]
        return words

    def command(self, argv: Sequence[str], *, root: bool) -> list[str]:
        """SSH joins words with blanks for the shell at the other end: each is quoted for it."""
        inner = ["sudo", "-n", "--", *argv] if root else list(argv)
        target = f"{USER}@127.0.0.1"
        return ["ssh", *self.options(), "-p", str(self.port), target, "--", shlex.join(inner)]

    def run(self, host: Host, argv: Sequence[str], *, root: bool, timeout: float) -> Completed:
        """Run a program there; status 255 is SSH's own."""
        return host.run(self.command(argv, root=root), timeout=timeout)

    def fetch(self, there: str, here: Path, *, timeout: float) -> None:
        """Copy root's file out; `here` must not be there yet. Raises MachineError, FileFailure."""
        with open_new.durable(here, mode=0o600) as out:
            self._carry(["cat", "--", there], there, timeout=timeout, out=out)

    def send(self, here: Path, there: str, *, timeout: float) -> None:
        """Copy a file in, as root's. Raises MachineError, OSError."""
        # Not by scp, which wants a subsystem that an image may leave out.
        with here.open("rb") as stream:
            write = ["dd", "status=none", "bs=1M", "iflag=fullblock", f"of={there}"]
            self._carry(write, there, timeout=timeout, given=stream.fileno())

    def _carry(
        self, argv: Sequence[str], what: str, *, timeout: float, out: int = -1, given: int = -1
    ) -> None:
        carrier = streaming.Program(self.command(argv, root=True), {}, out=out, given=given)
        done = streaming.run_long(carrier, silent=timeout)
        if not done.ok:
            raise MachineError("command-failed", f"{what} was not copied: {done.reason}")
