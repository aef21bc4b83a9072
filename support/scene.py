"""What a support bundle is made of and from: one machine, one window of time.

Owns the record. Refuses to need a living appliance: without a manifest, without its daemon, on the
mounted disk of a VM that does not boot, there is still a bundle.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest


@dataclass(frozen=True, slots=True)
class Scene:
    """The world of one bundle.

    `manifest` is None where there is none that can be read; then `layout.app` is empty. `since`
    and `until` bound what is collected of logs, in seconds since 1970. `rescue`: the root is the
    disk of another machine, so nothing that this machine says of itself counts.
    """

    host: Host
    layout: Layout
    manifest: Manifest | None
    since: float
    until: float
    rescue: bool = False
