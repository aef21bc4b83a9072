"""Several units at once, as `systemctl show` tells them.

Owns one question for all of them, since each costs a process. Refuses to act on units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.host import spawn
from agent.host.failures import HostFailure

_PROPERTIES = "Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,InvocationID"


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What setup asks of a unit. `invocation` names one run of it; empty: never ran."""

    name: str
    load: str
    active: str
    sub: str
    enabled: str
    reload_needed: bool
    invocation: str

    @property
    def exists(self) -> bool:
        return self.load not in ("", "not-found")

    @property
    def is_active(self) -> bool:
        return self.active in ("active", "reloading")

    @property
    def is_enabled(self) -> bool:
        """Also units that need no enabling: they say so themselves (systemctl(1), is-enabled)."""
        return self.enabled in ("enabled", "static", "generated", "alias", "indirect")


def read_units(names: Sequence[str]) -> dict[str, UnitFacts]:
    """Facts by the name asked for. Raises HostFailure where systemd does not answer."""
    if not names:
        return {}
    argv = ["systemctl", "show", f"--property={_PROPERTIES}", "--", *names]
    done = spawn.run(argv, timeout=15.0)
    if not done.ok:
        raise HostFailure(f"systemctl show: {done.reason}")
    # One block a unit, in the order asked for, an empty line between two.
    blocks = done.stdout.strip("\n").split("\n\n")
    if len(blocks) != len(names):
        raise HostFailure(f"systemctl show told {len(blocks)} of {len(names)} units")
    return {name: parse_facts(block) for name, block in zip(names, blocks, strict=True)}


def parse_facts(block: str) -> UnitFacts:
    """One block of NAME=VALUE lines."""
    facts = dict(line.partition("=")[::2] for line in block.splitlines())
    return UnitFacts(
        name=facts.get("Id", ""),
        load=facts.get("LoadState", ""),
        active=facts.get("ActiveState", ""),
        sub=facts.get("SubState", ""),
        enabled=facts.get("UnitFileState", ""),
        reload_needed=facts.get("NeedDaemonReload", "") == "yes",
        invocation=facts.get("InvocationID", ""),
    )
