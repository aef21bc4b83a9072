"""What a certificate says, as the inspecting child tells the daemon.

Owns the words between the two. Refuses to parse certificates: the daemon imports this module and
must not pay 16 MB for `cryptography`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Problem = Literal["", "missing", "unreadable", "empty", "no-certificate"]
KeyState = Literal["", "matches", "differs", "missing", "unreadable", "no-key"]


class One(Struct, frozen=True):
    """One certificate. Dates are seconds since 1970; `weak` says why, empty where it is not."""

    subject: str
    begins: float
    ends: float
    serial: str
    weak: str
    names: tuple[str, ...] = ()


class Facts(Struct, frozen=True):
    """The first certificate of a file, and the others of it and of the chain's file.

    `key` is empty where none was asked about; `ours`: Caretaker made it, for this machine, and as
    a `fallback` because an authority that is to give one did not yet.
    """

    problem: Problem
    leaf: One | None = None
    chain: tuple[One, ...] = ()
    key: KeyState = ""
    ours: bool = False
    fallback: bool = False
