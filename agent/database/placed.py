"""The manifest as it holds while the database stands on another server. Pure but for one look.

Owns leaving out the bundled server's service, and what only looks at it or keeps it. Refuses to
judge what else the application needs.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent.database.place import RECORD
from agent.layout import Layout
from agent.manifest.checks import LockCheck, PortCheck, PostgresCheck, ProcessCheck, UnitCheck
from agent.manifest.model import Manifest

_HERE = ("127.0.0.1", "localhost", "::1", "{run}")


def placed(manifest: Manifest, layout: Layout) -> Manifest:
    """The manifest for the active deployment. The database's record says where it is by being
    there at all, which also those may see who can't read it."""
    database = manifest.database
    there = (layout.active / RECORD).exists()
    if not layout.active.is_symlink():
        there = database.placement == "external"  # Setup makes the first one so.
    return without_server(manifest) if database.engine and there else manifest


def without_server(manifest: Manifest) -> Manifest:
    """The manifest without the bundled server."""
    gone = manifest.database.service
    if not gone or gone not in manifest.services:
        return manifest
    locks = {name: lock for name, lock in manifest.locks.items() if lock.service != gone}
    checks = {
        name: check
        for name, check in manifest.checks.items()
        if not _looks_at(manifest, check, gone, set(manifest.locks) - set(locks))
    }
    return replace(
        manifest,
        services={
            name: _without(service, "requires", {gone})
            for name, service in manifest.services.items()
            if name != gone
        },
        checks={
            name: replace(
                _without(check, "requires", set(manifest.checks) - set(checks)),
                restart="" if check.restart == gone else check.restart,
            )
            for name, check in checks.items()
        },
        groups={
            name: [each for each in members if each not in manifest.checks or each in checks]
            for name, members in manifest.groups.items()
        },
        certificates={
            name: _without(each, "services", {gone}) for name, each in manifest.certificates.items()
        },
        locks=locks,
        logs={name: each for name, each in manifest.logs.items() if each.service != gone},
        database=replace(manifest.database, service=""),
    )


def _without(record: Any, key: str, gone: set[str]) -> Any:
    before = getattr(record, key)
    after = [each for each in before if each not in gone]
    return replace(record, **{key: after}) if after != before else record


def _looks_at(manifest: Manifest, check: Any, gone: str, locks: set[str]) -> bool:
    """Whether a check looks at the bundled server alone."""
    if isinstance(check, UnitCheck | ProcessCheck | PortCheck):
        return check.service == gone
    if isinstance(check, PostgresCheck):
        return check.address in _HERE and check.port == manifest.database.port
    return isinstance(check, LockCheck) and check.lock in locks
