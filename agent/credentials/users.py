"""Who uses a secret, and so must hear of a new value. Pure.

Owns finding them in the manifest. Refuses values.
"""

from __future__ import annotations

from agent.manifest.model import Manifest
from agent.manifest.placeholders import names_used


def services_using(manifest: Manifest, name: str) -> list[str]:
    """Services whose environment holds it."""
    return [
        service
        for service, spec in manifest.services.items()
        if any(kind == "secret" and used == name for _, kind, used in names_used(spec))
    ]


def checks_using(manifest: Manifest, name: str) -> list[str]:
    """Checks that look with it; the agent reads it when it starts."""
    return [
        check
        for check, spec in manifest.checks.items()
        if any(kind == "secret" and used == name for _, kind, used in names_used(spec))
    ]
