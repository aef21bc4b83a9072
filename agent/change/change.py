"""What a change is: from the active deployment to another one, by one flip.

Owns the records. Upgrade, rollback, restore and the move of a database are changes, and differ
only in where the new generation comes from. Refuses to carry any out (`course`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from msgspec import Struct

from agent.deployment import Deployment
from agent.progress import Progress
from agent.remedies.remedy import Scene

Kind = Literal["upgrade", "rollback", "restore", "move"]


class Target(Struct, frozen=True, kw_only=True):
    """What the new deployment shall name. `release` is a folder below releases/, staged already.

    `manifest` is the text of appliance.toml that goes with it. `database_url` is empty while the
    database is bundled; else where the application finds it, password and all: never logged.
    `number` is of the deployment to go back to; None: a new one is made.
    """

    version: str
    digest: str
    release: str
    manifest: bytes
    epoch: int = 1
    sequence: int = 0
    database_url: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The new generation in the making; nothing names it yet, so it may be left half done.

    `scene` is the candidate's: its manifest, and values in which `{data}` is `data` and
    `{release}` the candidate's release. `source` is the generation that was active; nobody writes
    it now. `data` does not exist yet. `told` is for what `make` wants known of itself: `how`.
    """

    scene: Scene
    number: int
    before: Deployment
    source: Path
    data: Path
    progress: Progress
    told: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `make` fills the draft's data folder; None: the target's generation is there.

    `make` raises CaretakerError or HostFailure; then the old deployment runs on. It may be killed
    at any point; what it left is deleted, and it is run again from the start.
    """

    kind: Kind
    title: str  # "upgrade Ledgerbook 1.0 to 1.1"
    target: Target
    make: Callable[[Draft], None] | None


class Outcome(Struct, frozen=True, kw_only=True):
    """How a change ended. `downtime` is seconds from the first stop to the first good verdict."""

    changed: bool
    deployment: int
    version: str
    before: int
    downtime: float
    seconds: float
    flip: float
    why: str = ""  # it went back, in words for people
    how: str = ""  # "snapshot", "reflink", "copy": how the data was cloned
