"""What a manifest may say about data and change: stores, upgrades, backups, patches.

Owns the keys of those tables with their defaults and help. Refuses behaviour: it stands in
agent/data, agent/change, agent/backup and agent/patching.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated as A
from typing import Literal

from msgspec import Meta, Struct

from agent.manifest.checks import says
from agent.manifest.kinds import Duration, Name
from agent.manifest.placeholders import holds_secret


class Store(Struct, frozen=True, kw_only=True):
    """A database file below {data}, so that it is cloned, backed up and migrated as what it is."""

    kind: A[Literal["sqlite"], says("What it is.")] = "sqlite"
    path: A[str, says("The file: `{data}/app.db`.")]


class Upgrade(Struct, frozen=True, kw_only=True):
    """How a new version proves itself, and how long the way back stays open."""

    healthy: A[int, says("Good verdicts in a row before it counts."), Meta(ge=1, le=100)] = 3
    within: A[Duration, says("Time it has for them; then the old version comes back.")] = Duration(
        300
    )
    grace: A[Duration, says("After this, going back asks for --accept-data-loss.")] = Duration(
        86400
    )
    abandoned: A[Duration, says("How long data that was gone back from is kept.")] = Duration(
        7 * 86400
    )


class Backup(Struct, frozen=True, kw_only=True):
    """What is backed up, how it is made to hold still, and how long it is kept."""

    repository: A[
        str, says("Where: a folder; empty: what the customer chooses, else Caretaker's own.")
    ] = ""
    exclude: A[list[str], says("Paths below {data} that are left out: `cache`.")] = []
    freeze: A[list[str], says("Program that makes the application hold still.")] = []
    thaw: A[list[str], says("Program that lets it go on; run whatever happened.")] = []
    hold: A[Duration, says("Longest it is held; then it is let go, come what may.")] = Duration(60)
    daily: A[int, says("Daily ones kept."), Meta(ge=1, le=1000)] = 7
    weekly: A[int, says("Weekly ones kept."), Meta(ge=0, le=1000)] = 4
    monthly: A[int, says("Monthly ones kept."), Meta(ge=0, le=1000)] = 6


def backup_complaints(backup: Backup) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each broken rule as (path of the key, message)."""
    if backup.freeze and not backup.thaw:
        yield ("backup", "thaw"), "must be given with freeze: who holds still must be let go"
    for key in ("freeze", "thaw"):
        if any(map(holds_secret, getattr(backup, key))):
            yield ("backup", key), "every user can read a program's arguments"
    if not 0 < backup.hold <= 3600:
        yield ("backup", "hold"), "must be between 1s and 1h"
    for path in backup.exclude:
        if ".." in path.split("/"):
            yield ("backup", "exclude"), f"{path} leads out of the data"


class Patching(Struct, frozen=True, kw_only=True):
    """How the operating system is kept up to date."""

    automatic: A[Literal["security", "off"], says("What is installed by itself.")] = "security"
    reboot: A[
        Literal["never", "ask"], says("Never by itself; `ask`: `os upgrade --reboot` may.")
    ] = "ask"
    restart: A[
        list[Name],
        says("Services that `os upgrade` may restart when libraries below them were replaced."),
    ] = []
