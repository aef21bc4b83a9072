"""The scene of a run, from a manifest and a layout.

Owns the choice of who runs the services: systemd, or below a root of its own the daemon, which is
asked. Refuses to read the manifest.
"""

from __future__ import annotations

from agent.database.placed import placed
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.remedies.remedy import Scene
from agent.services.on_systemd import OnSystemd
from agent.services.protocol import Services
from agent.services.remote import Remote
from agent.values import values_for


def open_scene(
    manifest: Manifest, layout: Layout, *, host: Host | None = None, booting: bool = False
) -> Scene:
    """The scene on this machine. `layout` has the appliance's name."""
    host = host or Host()
    manifest = placed(manifest, layout)
    services: Services = (
        Remote(manifest, layout, host, begun=not booting)
        if layout.embedded
        else OnSystemd(manifest, host)
    )
    return Scene(
        host=host,
        manifest=manifest,
        layout=layout,
        values=values_for(manifest, layout),
        services=services,
        booting=booting,
    )
