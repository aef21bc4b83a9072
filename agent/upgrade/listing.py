"""The releases of this appliance as a list: what runs, what it can go back to, what is kept.

Owns one row a deployment. Reads only. Refuses to print.
"""

from __future__ import annotations

from msgspec import Struct

from agent.deployment import Deployments, Listed, Standing
from agent.errors import CaretakerError
from agent.host import tally
from agent.layout import Layout
from agent.release.staged import record_of


class Row(Struct, frozen=True, kw_only=True):
    """One deployment. Times are since 1970; None: never, or not known. `size` is the content of
    its data, None where this user can't count it; copies may share their blocks."""

    number: int
    version: str
    standing: Standing
    kind: str
    created: float
    committed: float | None
    abandoned: float | None
    supported_until: str
    epoch: int
    release: str
    size: int | None
    external_database: bool


class Staged(Struct, frozen=True):
    """A release whose files lie here and that no deployment names."""

    version: str
    release: str


def rows(deployments: Deployments) -> list[Row]:
    """The newest first. Raises MachineError and FileFailure."""
    return [_row(deployments, each) for each in deployments.listed()]


def spare(layout: Layout, found: list[Row]) -> list[Staged]:
    """Unpacked, and in no deployment: an upgrade to it needs no unpacking."""
    named = {row.release for row in found}
    try:
        names = sorted(path.name for path in layout.releases.iterdir() if path.is_dir())
    except OSError:
        return []
    return [
        Staged(name.rpartition("-")[0] or name, name)
        for name in names
        if name not in named and not name.endswith(".part") and not name.startswith(".")
    ]


def _row(deployments: Deployments, each: Listed) -> Row:
    one = each.deployment
    return Row(
        number=one.number,
        version=one.version,
        standing=each.standing,
        kind=one.kind,
        created=one.created,
        committed=one.committed or None,
        abandoned=one.abandoned,
        supported_until=_supported(deployments.layout, one.release),
        epoch=one.epoch,
        release=one.release,
        size=_size(deployments, each),
        external_database=_external(deployments, one.number),
    )


def _supported(layout: Layout, release: str) -> str:
    try:
        record = record_of(layout.releases / release) if release else None
    except CaretakerError:
        return ""
    return record.supported_until if record else ""


def _size(deployments: Deployments, each: Listed) -> int | None:
    try:
        found = tally.tally(deployments.generation(each.deployment))
    except OSError:
        return None
    return None if found.unread else found.size


def _external(deployments: Deployments, number: int) -> bool:
    """The file is root's; that it is there anybody may see."""
    return (deployments.folder(number) / "database.json").exists()
