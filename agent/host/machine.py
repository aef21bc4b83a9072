"""The machine as one value: every door of `host` behind one name.

Owns the bundle that rules receive, so that a test hands in another. Refuses behaviour of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import spawn
from agent.host.apart import Outcome, call
from agent.host.clock import Clock
from agent.host.facts import Facts
from agent.host.kernel import Kernel
from agent.host.network import Network
from agent.host.systemd import Systemd


@dataclass(frozen=True)
class Host:
    """The doors to one machine. `root` moves every path (see `path`)."""

    root: Path = Path("/")
    clock: Clock = field(default_factory=Clock)
    network: Network = field(default_factory=Network)
    systemd: Systemd = field(default_factory=Systemd)
    facts: Facts = field(default_factory=Facts)
    kernel: Kernel = field(default_factory=Kernel)

    def path(self, absolute: str | Path) -> Path:
        """The place of an absolute path below the root."""
        return self.root / str(absolute).lstrip("/")

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str = "",
    ) -> spawn.Completed:
        """Run a program to its end; see `spawn.run`. Seconds."""
        return spawn.run(argv, timeout=timeout, stdin=stdin, env=env, cwd=cwd, user=user)

    def apart(
        self,
        work: Callable[[], bytes],
        *,
        timeout: float,
        gentle: bool = True,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Run our own work in a process apart; see `agent.host.apart`. Not from a process
        with threads."""
        return call(work, timeout=timeout, gentle=gentle, meanwhile=meanwhile)
