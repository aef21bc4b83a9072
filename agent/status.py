"""The status report: everything `caretaker status` shows, as one value.

Owns its shape; it crosses the local API, `status.json` and `--json` unchanged. Refuses secrets:
it is made of names, findings' summaries and numbers.
"""

from __future__ import annotations

from typing import Any

import msgspec

from agent.findings import Level, Severity, Status

# What reading a report raises where it makes no sense. Whoever took the daemon over writes it, and
# it must not break who reads it as root.
NO_SENSE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class CheckReport(msgspec.Struct, frozen=True):
    """One check as people see it. `age` and `every` are seconds; `since` is since 1970.

    `status` is after hysteresis; `looked` is what the last look saw. `muted_by` names the failed
    check that makes this one mean nothing.
    """

    name: str
    title: str
    type: str
    level: Level
    severity: Severity
    status: Status
    looked: Status
    code: str
    summary: str
    every: float
    age: float | None
    since: float
    stale: bool = False
    muted_by: str = ""
    observed: float | None = None
    unit: str | None = None
    seconds: float | None = None


class ServiceReport(msgspec.Struct, frozen=True):
    """One service as people see it. `since` is since 1970."""

    name: str
    running: bool
    state: str
    pid: int
    restarts: int
    since: float
    summary: str


class ModeReport(msgspec.Struct, frozen=True):
    """Drain or maintenance. Times since 1970; `until` None lasts until it is taken back."""

    name: str
    reason: str
    since: float
    until: float | None
    actor: str = ""


class EventReport(msgspec.Struct, frozen=True):
    """Something that happened: an act of the ledger, or a change of the verdict."""

    at: float
    what: str
    outcome: str
    why: str


class ProbeReport(msgspec.Struct, frozen=True):
    """The probe plane. `last_probe_age` is seconds since any balancer asked; None: never."""

    address: str
    port: int
    answered: int
    last_probe_age: float | None
    alive: bool


class SafeModeReport(msgspec.Struct, frozen=True):
    """A remedy that stopped at one target until a person resets it. `since` is since 1970."""

    remedy: str
    target: str
    why: str
    since: float

    @property
    def hint(self) -> str:
        return f"caretaker remedies reset {self.remedy} {self.target}"

    @property
    def note(self) -> str:
        """A line that says it all, for who reads `notes` only."""
        return f"safe mode: {self.remedy} {self.target}: {self.why}; then: {self.hint}"


class StatusReport(msgspec.Struct, frozen=True):
    """The whole. `at` and `started` are since 1970, `weight` percent.

    `remedies` counts what remedies did: remedy -> outcome (done, failed, refused) -> times.
    """

    at: float
    appliance: str
    title: str
    version: str
    mode: str  # "systemd" or "embedded"
    started: float
    live: Status
    ready: Status
    reason: str
    summary: str
    causes: list[str]
    weight: int
    checks: list[CheckReport]
    services: list[ServiceReport]
    modes: list[ModeReport]
    events: list[EventReport]
    probe: ProbeReport
    url: str = ""
    support: str = ""
    notes: list[str] = []
    safe_mode: list[SafeModeReport] = []
    remedies: dict[str, dict[str, int]] = {}
    extra: dict[str, Any] = {}
