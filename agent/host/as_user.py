"""The same machine, on which every program is run as a given user.

Owns that one difference. Refuses users of its own choice; only root can choose (`spawn.run`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.host.machine import Host
from agent.host.spawn import Completed


@dataclass(frozen=True)
class _AsUser(Host):
    inner: Host = field(default_factory=Host)
    name: str = ""

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str = "",
    ) -> Completed:
        return self.inner.run(
            argv, timeout=timeout, stdin=stdin, env=env, cwd=cwd, user=user or self.name
        )


def as_user(host: Host, name: str) -> Host:
    return _AsUser(
        root=host.root,
        clock=host.clock,
        network=host.network,
        systemd=host.systemd,
        facts=host.facts,
        kernel=host.kernel,
        inner=host,
        name=name,
    )
