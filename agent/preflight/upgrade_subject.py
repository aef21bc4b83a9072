"""What an upgrade's preflight looks at: the machine, what runs on it, and what shall follow.

Owns reading each of these once, whatever number of checks asks. Refuses to judge, and to change
anything: a plan runs preflight too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import msgspec

from agent.change.pending import Pending, pending_file
from agent.deployment import Deployment, Deployments
from agent.host import files
from agent.host.failures import FileFailure
from agent.manifest.model import Manifest
from agent.preflight.subject import Subject
from agent.release.record import ReleaseRecord
from agent.status import NO_SENSE, CheckReport, StatusReport

SILENT_AFTER = 25.0  # seconds; the daemon writes its report at least every ten


class Database(Protocol):
    """What the database's server says of itself (`agent.database.status`)."""

    @property
    def version(self) -> str: ...

    @property
    def connections(self) -> int: ...

    @property
    def connections_max(self) -> int: ...

    @property
    def fenced(self) -> bool: ...

    @property
    def oldest_transaction(self) -> float: ...


@dataclass(frozen=True, kw_only=True)
class UpgradeSubject(Subject):
    """`manifest` is the one that will be in place, `today` the one that is.

    `record` is what the release says of itself; None: none was named, or it was refused, for the
    reason `refused` and with the cure `cure`. `answers` are given with the command; `older`: so was
    that an older one is meant. `database` asks the server, where one is declared; CaretakerError.
    """

    today: Manifest
    record: ReleaseRecord | None = None
    refused: str = ""
    cure: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    older: bool = False
    database: Callable[[], Database] | None = None

    @property
    def clock_now(self) -> float:
        return self.host.clock.wall()

    @cached_property
    def deployments(self) -> Deployments:
        return Deployments(self.layout, self.host.clock)

    @cached_property
    def active(self) -> Deployment | None:
        """Raises MachineError where `active` leads to nothing whole."""
        return self.deployments.active()

    @cached_property
    def pending(self) -> Pending | None:
        """The change that is under way, or how the last one ended."""
        return pending_file(self.layout).load(aside=False)

    @cached_property
    def report(self) -> StatusReport | None:
        """What the agent said last; None where it never did, or not lately."""
        try:
            told = msgspec.json.decode(files.read_bytes(self.layout.status), type=StatusReport)
        except (FileNotFoundError, FileFailure, *NO_SENSE):
            return None
        return told if self.clock_now - told.at <= SILENT_AFTER else None

    def checks(self, kind: str) -> list[CheckReport]:
        """The health checks of one type, as the agent sees them."""
        return [each for each in self.report.checks if each.type == kind] if self.report else []
