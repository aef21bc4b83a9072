"""What an appliance's units are called.

Owns the mapping from services to units. Refuses anything that is in a unit.
"""

from __future__ import annotations

from agent.manifest.model import Manifest


def unit_name(manifest: Manifest, service: str) -> str:
    """The unit that runs a service: its own, or the one it names."""
    return manifest.services[service].unit or f"{manifest.appliance.name}-{service}.service"


def target_name(manifest: Manifest) -> str:
    """The target that groups the appliance's services."""
    return f"{manifest.appliance.name}.target"
