"""The patch status of this machine, from what is known here: no network, nothing written.

Owns putting it together, and what of it wants somebody to act. Refuses to act.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from agent.errors import CaretakerError
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.patching import reboot, stale
from agent.patching.automatic import automatic_now
from agent.patching.boots import boots_file
from agent.patching.kept import Patches, read_patches, waiting
from agent.patching.packages import Packages, Wounds, find_packages
from agent.patching.record import Standing
from agent.patching.support import read_support

OLD = 7 * 86400.0  # seconds; lists older than this tell little
_SOON = 90 * 86400.0


def read_standing(host: Host, layout: Layout, manifest: Manifest | None, *, root: bool) -> Standing:
    """The whole. What can't be looked at is said in `unseen`, and the rest arrives."""
    packages = find_packages(host)
    unseen: list[str] = []
    at = host.clock.wall()
    standing = Standing(at=at, manager=packages.name if packages else "")
    if packages is None:
        unseen.append("this machine has neither apt nor dnf")
    else:
        standing = _packages_part(standing, packages, layout, unseen)
    look = stale.look(host, manifest, root=root)
    if look.unseen and not root:
        unseen.append(f"{look.unseen} processes of other users; as root they are looked at too")
    return replace(
        standing,
        reboot=reboot.reasons(host, of_needrestart=look.reboot),
        stale=look.stale,
        support=read_support(host),
        boots=boots_file(layout).load(aside=False),
        automatic=automatic_now(host),
        unseen=tuple(unseen),
    )


def _packages_part(
    standing: Standing, packages: Packages, layout: Layout, unseen: list[str]
) -> Standing:
    kept = read_patches(layout)
    held: tuple[str, ...] = ()
    wounds = Wounds()
    try:
        wounds = packages.wounds()
        held = packages.held()
    except (CaretakerError, HostFailure) as error:
        unseen.append(f"the state of packages: {error}")
    try:
        found = _current(kept, packages) or waiting(packages, kept, standing.at)
    except (CaretakerError, HostFailure) as error:
        unseen.append(f"updates: {error}")
        found = kept or Patches(at=0.0, pending=0, security=0)
    return replace(
        standing,
        updates=found.updates,
        looked=found.at,
        known=packages.known(),
        held=held,
        interrupted=wounds.unfinished or (("dpkg's own notes",) if wounds.notes else ()),
        half=wounds.half,
        busy=packages.busy(),
    )


def _current(kept: Patches | None, packages: Packages) -> Patches | None:
    """What was worked out before, while neither lists nor packages changed since: apt takes
    seconds of the processor for it."""
    if kept is None or not kept.fingerprint:
        return None
    return kept if kept.fingerprint == packages.fingerprint() else None


def wants(standing: Standing) -> list[str]:
    """What somebody should see to, the most pressing first; empty: all is as it should be."""
    found = []
    if standing.half:
        found.append(f"half installed: {', '.join(standing.half[:5])}")
    if standing.interrupted and not standing.busy:
        found.append(f"an installation was cut short: {', '.join(standing.interrupted[:5])}")
    boots = standing.boots
    if boots is not None and boots.count and not boots.good_at:
        found.append(f"not healthy since the upgrade; boots since: {boots.count}")
    if standing.security:
        found.append(f"updates for security wait: {len(standing.security)}")
    found += [f"a reboot is needed: {reason}" for reason in standing.reboot[:1]]
    if standing.known and standing.at - standing.known > OLD:
        days = int((standing.at - standing.known) / 86400)
        found.append(f"the lists of packages are {days} days old; newer updates are not counted")
    if not standing.known and standing.manager:
        found.append("the lists of packages were never fetched")
    return found + over(standing)


def over(standing: Standing) -> list[str]:
    """What is to be said of the end of support."""
    support = standing.support
    days = _days_to(support.until, standing.at)
    late = _days_to(support.long_term, standing.at)
    if days is None or days > _SOON / 86400:
        return []
    if days >= 0:
        return [f"{support.system}: support ends on {support.until}"]
    if late is not None and late >= 0:
        return [] if late > _SOON / 86400 else [f"long-term support ends on {support.long_term}"]
    return [f"{support.system}: support ended on {support.long_term or support.until}"]


def _days_to(date: str, now: float) -> float | None:
    try:
        end = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return (end - now) / 86400
