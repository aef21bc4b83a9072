"""What one certificate of the manifest must be on this machine, and the clocks of this moment.

Owns gathering that: names, owner, time. Setup, the remedy and the command ask here, so that they
can't want different things. Imports nothing heavy; refuses to judge and to make anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import UsageError
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Certificate, Manifest
from agent.manifest.placeholders import Values, expand
from agent.manifest.suggest import suggestion
from agent.tls.memory import Memory, recall
from agent.tls.moment import Moment, newest_of
from agent.tls.names import names_of_machine
from agent.tls.rights import OURS_ALONE, Ownership, ownership_on


@dataclass(frozen=True, slots=True)
class Wanted:
    """One certificate: `names` is all it must be valid for, the most particular first.

    `declared` are those of the manifest, filled in: all that an authority, or a customer, can
    know. `orders`: an authority may be asked now; not at boot and in setup, which wait for nobody.
    """

    layout: Layout
    name: str
    spec: Certificate
    names: list[str]
    moment: Moment
    ownership: Ownership = OURS_ALONE
    memory: Memory = field(default_factory=Memory)
    host: Host = field(default_factory=Host, repr=False)
    values: Values | None = field(default=None, repr=False)
    declared: list[str] = field(default_factory=list)
    orders: bool = True

    @property
    def home(self) -> Path:
        return self.layout.tls / self.name


def wanted_for(
    host: Host,
    manifest: Manifest,
    layout: Layout,
    name: str,
    *,
    values: Values | None = None,
    booting: bool = False,
    orders: bool = True,
) -> Wanted:
    """Raises UsageError for a name the manifest does not have, OSError, and what `values` raise."""
    spec = manifest.certificates.get(name)
    if spec is None:
        near = suggestion(name, manifest.certificates)
        raise UsageError(
            "usage", f"there is no certificate {name!r}{near}", hint="caretaker tls list"
        )
    memory = recall(layout)
    declared = [expand(each, values) for each in spec.names] if values else spec.names
    return Wanted(
        layout=layout,
        name=name,
        spec=spec,
        names=names_of_machine(host.network.host_name(), host.network.own_addresses(), declared),
        moment=_moment(host, layout, memory, booting=booting),
        ownership=ownership_on(layout),
        memory=memory,
        host=host,
        values=values,
        declared=declared,
        orders=orders and not booting,
    )


def _moment(host: Host, layout: Layout, memory: Memory, *, booting: bool) -> Moment:
    now = host.clock.wall()
    return Moment(
        now=now,
        synchronised=_synchronised(host),
        newest=newest_of(memory.newest),
        witness=_witness(layout, now),
        boot=host.clock.boot_id(),
        monotonic=host.clock.monotonic(),
        booting=booting,
    )


def _synchronised(host: Host) -> bool:
    try:
        return host.kernel.time_sync().synchronised
    except OSError:
        # A sandbox with ProtectClock= forbids the question. systemd-timesyncd.service(8): this file
        # is there once the clock was set by a server in this boot.
        return host.path("/run/systemd/timesync/synchronized").exists()


def _witness(layout: Layout, now: float) -> float:
    """When the image, or setup, wrote the manifest; nothing where that is still to come."""
    written = 0.0
    for path in (layout.image, layout.manifest):
        try:
            written = max(written, path.stat().st_mtime)
        except OSError:
            continue
    return written if written <= now else 0.0
