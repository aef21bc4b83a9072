"""Stores: the places in which an appliance keeps state, by the names that migrations use.

Owns the names: `files` is the data folder, `database` is PostgreSQL, and each of the manifest's
[stores] is an SQLite file. Refuses to open any.
"""

from __future__ import annotations

from agent.errors import ManifestError
from agent.manifest.model import Manifest
from agent.release.record import StoreKind

FILES = "files"
DATABASE = "database"


def kinds_of(manifest: Manifest) -> dict[str, StoreKind]:
    """Every store of an appliance with its kind. Raises ManifestError for a name that is taken."""
    found: dict[str, StoreKind] = {FILES: "files"}
    if manifest.database.engine == "postgres":
        found[DATABASE] = "postgres"
    for name in manifest.stores:
        if name in (FILES, DATABASE):
            raise ManifestError(
                "manifest-value",
                f"stores.{name}: migrations use this name for something else",
                hint=f"call it stores.{name}-file, say",
            )
        found[name] = "sqlite"
    return found
