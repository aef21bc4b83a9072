"""What is known of one lock at one moment: records that a judgement is made from.

Owns the words. Refuses to collect (`witness`) and to judge (`judgement`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agent.host.holder import Holder
from agent.host.passport import Passport

Shape = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class LockFile:
    """The file as it was opened. Times are seconds since 1970.

    `content` is whole, or None where the file is larger than any lock file is.
    """

    shape: Shape
    written: float
    changed: float
    owner: int
    names: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was seen. `wall` is the clock's time, `uptime` seconds since boot; `steady` that
    the clock is known not to have been set since then.

    `file_system` is its kind (`ext4`), empty where that is not known. `suspect` is who has the
    number in the file, by whatever way it got it; None where nobody has.
    `service` is the owning service's state, `members` the processes of its control group.
    `kernel` are flock and fcntl locks on the file; `openers` processes with the file, or what it
    guards, open; `strangers` processes of other pid namespaces that may know it by another number;
    `unseen` processes that may not be looked at, and `blind` that there may be more of them.
    `attached` counts the processes that use the postmaster's shared memory; `user` is the
    service's user, None where that is not known.
    """

    file: LockFile
    wall: float
    uptime: float
    file_system: str
    service: str
    steady: bool = False
    members: tuple[int, ...] = ()
    suspect: Passport | None = None
    kernel: tuple[Holder, ...] = ()
    openers: tuple[Holder, ...] = ()
    strangers: tuple[Holder, ...] = ()
    unseen: int = 0
    blind: bool = False
    attached: int = 0
    user: int | None = None
