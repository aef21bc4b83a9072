"""Who uses a secret, and so must hear of a new value. Pure.

Owns finding them in the manifest. Refuses values.
"""

from __future__ import annotations

from typing import Any

from agent.manifest.model import Manifest
from agent.manifest.placeholders import DATABASE, names_used


def services_using(manifest: Manifest, name: str) -> list[str]:
    """Services whose environment holds it."""
    return [service for service, spec in manifest.services.items() if _uses(manifest, spec, name)]


def checks_using(manifest: Manifest, name: str) -> list[str]:
    """Checks that look with it; the agent reads it when it starts."""
    return [check for check, spec in manifest.checks.items() if _uses(manifest, spec, name)]


def _uses(manifest: Manifest, spec: Any, name: str) -> bool:
    used = list(names_used(spec))
    if any(kind == DATABASE for _, kind, _ in used):
        # The database's URL holds its password.
        used += names_used(manifest.database.password)
    return any(kind == "secret" and one == name for _, kind, one in used)
