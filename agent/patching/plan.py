"""What an upgrade of the system would do, to the package, the byte and the service.

Owns the record and putting it together. Refuses to write anything.
"""

from __future__ import annotations

from msgspec import Struct

from agent.errors import MachineError
from agent.host.machine import Host
from agent.host.running_code import running_code
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.patching import reboot, room, stale
from agent.patching.health import health_now
from agent.patching.packages import Packages, find_packages
from agent.patching.record import Scope, Simulated, Stale


class OsPlan(Struct, frozen=True, kw_only=True):
    """`mend` is what is finished first; `affected` runs on files of these packages; `reboot`
    names packages that will ask for one, `better` those that everything runs on. `missing`: where
    there is too little room. `known`: when lists were fetched, since 1970."""

    scope: Scope
    found: Simulated
    known: float
    mend: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    affected: tuple[Stale, ...] = ()
    reboot: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    health: str = ""

    @property
    def empty(self) -> bool:
        return not (self.found.updates or self.found.new or self.found.removed or self.mend)


def make_plan(host: Host, layout: Layout, manifest: Manifest, scope: Scope) -> OsPlan:
    """From what is cached here. Raises MachineError and HostFailure."""
    packages = demand_packages(host)
    wounds = packages.wounds()
    mends = packages.mend(wounds) if wounds else ()
    found = packages.simulate(scope, sized=True)
    names = tuple(each.name for each in found.updates)
    processes, _ = running_code()
    health = health_now(host, layout)
    return OsPlan(
        scope=scope,
        found=found,
        known=packages.known(),
        mend=tuple(" ".join(each.argv) for each in mends),
        steps=tuple(each.title for each in packages.steps(scope, found)),
        affected=stale.running_on(processes, packages.files(names), manifest),
        reboot=reboot.expected((*names, *(each.name for each in found.new))),
        better=reboot.better(names),
        missing=tuple(room.short(host, found)) if names or found.new else (),
        health=health.why or "healthy",
    )


def demand_packages(host: Host) -> Packages:
    """Raises MachineError where there is neither apt nor dnf."""
    packages = find_packages(host)
    if packages is None:
        why = "this machine has neither apt nor dnf"
        raise MachineError("system-unsupported", why, hint="caretaker os status")
    return packages
