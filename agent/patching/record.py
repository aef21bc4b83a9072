"""What is said about the system's packages: updates, a simulation, the verdict on the machine.

Owns the records; they are what `--json` prints. Refuses to find anything out.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Scope = Literal["security", "usual", "all"]
"""`usual`: every update that takes no package away; `all`: those as well."""


class Update(Struct, frozen=True, kw_only=True):
    """One package that would change. `before` is empty for a new one, `after` for one that goes.

    `fix` is the version that a security suite has: a scope of `security` installs that one, which
    may be older than `after`. `seen` is when it was first found waiting, since 1970; 0.0: unknown.
    """

    name: str
    before: str = ""
    after: str = ""
    origin: str = ""
    fix: str = ""
    advisories: tuple[str, ...] = ()
    severity: str = ""
    seen: float = 0.0

    @property
    def security(self) -> bool:
        return bool(self.fix)

    @property
    def told(self) -> str:
        """`openssl 3.0.1 → 3.0.2`."""
        if not self.after:
            return f"{self.name} {self.before} goes"
        return f"{self.name} {self.before} → {self.after}" if self.before else self.name + " (new)"


class Sizes(Struct, frozen=True, kw_only=True):
    """Bytes. `disk` is what the unpacked files take more than before; may be negative."""

    download: int = 0
    archives: int = 0
    disk: int = 0


class Simulated(Struct, frozen=True, kw_only=True):
    """What the package manager would do, in its own order. `kept`: updates it keeps back."""

    updates: tuple[Update, ...] = ()
    new: tuple[Update, ...] = ()
    removed: tuple[Update, ...] = ()
    kept: tuple[str, ...] = ()
    sizes: Sizes = Sizes()


class Stale(Struct, frozen=True, kw_only=True):
    """A unit or session that still runs on files which were replaced. `service`: the appliance's
    name for it, where it is the appliance's."""

    unit: str
    service: str = ""
    files: tuple[str, ...] = ()
    pids: tuple[int, ...] = ()
    by: Literal["needrestart", "caretaker"] = "caretaker"


class Support(Struct, frozen=True, kw_only=True):
    """How long the distribution mends this release: `YYYY-MM-DD`, empty where nobody knows."""

    system: str = ""
    until: str = ""
    long_term: str = ""
    source: str = ""


class BootsRecord(Struct, frozen=True, kw_only=True):
    """Boots since the system was upgraded. Times since 1970; `boot`: of the upgrade, `last`: the
    newest that was counted. `good_at` is 0.0 until one of them was healthy."""

    since: float
    boot: str
    kernel: str = ""
    packages: int = 0
    count: int = 0
    last: str = ""
    good_at: float = 0.0


class Standing(Struct, frozen=True, kw_only=True):
    """The patch status. `known` is when package lists were last fetched, `looked` when the
    updates were worked out; both since 1970, 0.0 where nobody knows.

    `busy` is the process that installs packages just now. `unseen` says what could not be looked
    at, and why.
    """

    at: float
    manager: str
    updates: tuple[Update, ...] = ()
    looked: float = 0.0
    known: float = 0.0
    held: tuple[str, ...] = ()
    interrupted: tuple[str, ...] = ()
    half: tuple[str, ...] = ()
    busy: int = 0
    reboot: tuple[str, ...] = ()
    stale: tuple[Stale, ...] = ()
    support: Support = Support()
    boots: BootsRecord | None = None
    automatic: str = ""
    unseen: tuple[str, ...] = ()

    @property
    def security(self) -> tuple[Update, ...]:
        return tuple(each for each in self.updates if each.security)

    @property
    def oldest(self) -> float:
        """Since when an update waits; 0.0 where none does, or nobody knows."""
        return min((each.seen for each in self.updates if each.seen), default=0.0)
