"""What any package manager must be able to say and do here, and which one this machine has.

Owns the interface. A manager reads, and says which programs to run; `course` runs them. Refuses
to know apt or dnf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from agent.host.machine import Host
from agent.patching.record import Scope, Simulated, Update


@dataclass(frozen=True, slots=True)
class Command:
    """One program of the manager's that changes packages. `title` is for people; `packages` are
    those it is about, by the version that each shall have."""

    title: str
    argv: tuple[str, ...]
    packages: tuple[Update, ...] = ()


@dataclass(frozen=True, slots=True)
class Wounds:
    """What an interruption left: `unfinished` can be finished on the spot, `half` can't without
    the package itself. `notes`: the manager's own notes were not merged."""

    unfinished: tuple[str, ...] = ()
    half: tuple[str, ...] = ()
    notes: bool = False

    def __bool__(self) -> bool:
        return bool(self.unfinished or self.half or self.notes)


class Packages(Protocol):
    """One package manager. What only reads takes no lock, and needs neither root nor a network.

    All raise MachineError where the manager's answer is an error.
    """

    @property
    def name(self) -> str: ...

    @property
    def environment(self) -> dict[str, str]:
        """What its commands are run with, so that nothing ever asks."""
        ...

    def simulate(self, scope: Scope, *, sized: bool = False) -> Simulated:
        """What an upgrade would do. `sized` costs a second call."""
        ...

    def fingerprint(self) -> str:
        """Another one when the answer of `simulate` may be another one; empty: nobody knows."""
        ...

    def known(self) -> float:
        """When package lists were last fetched, since 1970; 0.0: nobody knows."""
        ...

    def held(self) -> tuple[str, ...]: ...

    def versions(self) -> dict[str, str]:
        """Installed packages."""
        ...

    def busy(self) -> int:
        """The process that changes packages just now; 0: none, -1: one we can't see."""
        ...

    def wounds(self) -> Wounds: ...

    def mend(self, wounds: Wounds) -> tuple[Command, ...]:
        """What heals them, in this order; each is to be tried whatever came of the one before."""
        ...

    def refresh(self) -> Command:
        """Fetch the lists of packages."""
        ...

    def fetch(self, scope: Scope, found: Simulated) -> Command:
        """Fetch every package, install none: the network is no part of the rest."""
        ...

    def steps(self, scope: Scope, found: Simulated) -> tuple[Command, ...]:
        """The installation in small transactions, each of which leaves a sound system."""
        ...

    def marks(self) -> frozenset[str]:
        """Packages that came only because another one needs them."""
        ...

    def keep_marks(self, before: frozenset[str]) -> tuple[Command, ...]:
        """What gives the marks back that an upgrade took away."""
        ...

    def files(self, names: tuple[str, ...]) -> frozenset[str]:
        """The files of these installed packages."""
        ...


def find_packages(host: Host) -> Packages | None:
    """By its data base, since both programs may be there; None where there is neither."""
    from agent.patching.apt import Apt
    from agent.patching.dnf import Dnf
    from agent.patching.dpkg_files import FOLDER

    if (host.path(FOLDER) / "status").is_file():
        return Apt(host)
    if any(host.path(each).is_dir() for each in ("/var/lib/rpm", "/usr/lib/sysimage/rpm")):
        return Dnf(host)
    return None
