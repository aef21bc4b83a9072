"""Opening the services of an appliance on a machine with systemd.

Owns the choice. Refuses the embedded supervisor: the daemon alone holds that one, and everybody
else asks the daemon.
"""

from __future__ import annotations

from agent.errors import UsageError
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.services.on_systemd import OnSystemd
from agent.services.protocol import Services


def open_services(manifest: Manifest, layout: Layout, host: Host) -> Services:
    """The services as systemd runs them. Raises UsageError below a root of its own."""
    if layout.embedded:
        raise UsageError(
            "not-set-up",
            f"the services below {layout.root} are run by its daemon, not by systemd",
            hint=f"caretaker --root {layout.root} status",
        )
    return OnSystemd(manifest, host, layout)
