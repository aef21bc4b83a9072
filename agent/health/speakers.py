"""Which checks speak for a service, so that its restart may cure what they find.

Owns that choice, and asking those checks until they mean it. `process` and `port` with `service`
speak for it by themselves, of what a restart cures; any other check only where its `restart` names
the service. How a unit stands is not their business but `agent.services.standing`'s. Refuses to
restart anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.findings import Finding
from agent.health.checks import CHECKS
from agent.health.context import Context
from agent.health.look import look_once
from agent.health.told import failing_checks
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.checks import (
    CertificateCheck,
    Check,
    CommandCheck,
    PortCheck,
    ProcessCheck,
    UnitCheck,
)
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.services.protocol import Services

_SPACED = 0.5  # seconds between two looks
_MOST_LOOKS = 3  # a look may take seconds

# What a restart cures, of those that name their service without being asked to restart it.
_BY_THEMSELVES: Mapping[type[Check], tuple[str, ...]] = {
    ProcessCheck: ("process-missing", "process-few", "process-stopped"),
    PortCheck: ("port-closed", "port-elsewhere"),
}
# Nobody knows, or it is on its way.
_NEVER = ("unit-unknown", "unit-starting", "unit-stopping", "unit-restarting", "unit-restarted")
_OF_CERTIFICATES = ("tls-expired", "tls-untrusted", "tls-name", "tls-ca", "tls-failed")
_CODES: Mapping[type[Check], tuple[str, ...]] = {each.params: each.codes for each in CHECKS}


def speaks_for(check: Check) -> str:
    """The service that a check may have restarted; empty: none."""
    if check.restart:
        return check.restart
    if isinstance(check, ProcessCheck | PortCheck):
        return check.service
    return ""


def is_cured_by_restart(check: Check, finding: Finding) -> bool:
    """Whether a restart may cure this. What kept the check from looking never counts."""
    if finding.ok:
        return False
    if not check.restart:
        return finding.code in _BY_THEMSELVES.get(type(check), ())
    if isinstance(check, UnitCheck) and check.service == check.restart:
        return False
    return finding.code == "timeout" or (
        finding.code in _CODES[type(check)] and finding.code not in _NEVER
    )


def youth(check: Check) -> float:
    """Seconds after its start in which a service may still fail this check."""
    return max(float(check.grace), check.fall * float(check.every))


@dataclass(slots=True)
class Asking:
    """The checks of a manifest, looked at from here. One is looked at as often as it takes."""

    manifest: Manifest
    host: Host
    layout: Layout
    values: Values = field(repr=False)
    services: Services
    _contexts: dict[str, Context] = field(default_factory=dict)

    def names(self, service: str) -> list[str]:
        """The checks that speak for this service."""
        return [name for name, each in self.manifest.checks.items() if speaks_for(each) == service]

    def look(self, name: str) -> Finding:
        context = self._contexts.get(name)
        if context is None:
            context = Context(self.host, self.layout, self.values, self.services, name)
            self._contexts[name] = context
        return look_once(self.manifest.checks[name], context)

    def complaints(self, service: str, *, age: float = float("inf")) -> dict[str, Finding]:
        """What the checks that speak for a service say, where a restart may cure it.

        Where the daemon runs, it must have seen the same, since from a sandbox a check may see
        less; else each says so as often as its `fall` asks for. `age`: seconds for which the
        service has run; what it may still fail then is not asked.
        """
        found = {}
        told = failing_checks(self.layout, self.host.clock)
        for name in self.names(service):
            check = self.manifest.checks[name]
            if age < youth(check) or (told is not None and name not in told):
                continue
            if self._only_told(check):
                finding = told[name] if told and self._cured(check, told[name]) else None
            else:
                looks = 1 if told is not None else min(check.fall, _MOST_LOOKS)
                finding = self._complaint(name, check, looks)
            if finding is not None:
                found[name] = finding
        return found

    def now(self, service: str) -> str:
        """The same after one look each: the first complaint, in words."""
        for name in self.names(service):
            check = self.manifest.checks[name]
            if self._only_told(check):
                continue
            finding = self.look(name)
            if self._cured(check, finding) and not self._muted(check):
                return f"{name}: {finding.summary}"
        return ""

    def _complaint(self, name: str, check: Check, looks: int) -> Finding | None:
        for count in range(looks):
            if count:
                self.host.clock.sleep(_SPACED)
            finding = self.look(name)
            if not self._cured(check, finding):
                return None
        return None if self._muted(check) else finding

    def _cured(self, check: Check, finding: Finding) -> bool:
        """By a restart, unless it is a certificate that is wrong in its file: then only by tls."""
        if not is_cured_by_restart(check, finding):
            return False
        if finding.code not in _OF_CERTIFICATES:
            return True
        service = speaks_for(check)
        shown = {name for name, each in self.manifest.certificates.items()
                 if service in each.services}  # fmt: skip
        return not any(
            isinstance(each, CertificateCheck)
            and each.certificate in shown
            and not self.look(name).ok
            for name, each in self.manifest.checks.items()
        )

    def _muted(self, check: Check) -> bool:
        """A failed cause mutes it, as it does in the verdict."""
        asked = {each: self.manifest.checks[each] for each in check.requires}
        return any(
            not self._only_told(each) and not self.look(name).ok for name, each in asked.items()
        )

    def _only_told(self, check: Check) -> bool:
        """On a VM we are root: the vendor's program is the unprivileged daemon's to run."""
        return isinstance(check, CommandCheck) and not self.layout.embedded
