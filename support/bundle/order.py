"""What was asked for: which collectors, how much of them, and for whom.

Owns the record, and what of a choice the consent record tells. Refuses the machine: an order is
a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.errors import UsageError
from support.collectors.collector import Collector
from support.collectors.selection import by_priority, choose

_CASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Order:
    """One bundle. `folder` None: the usual place. `stream`: not to a file at all.

    `max_size` in bytes of the finished file, `max_time` in seconds of collecting, `volume` in
    bytes, 0 for one file. `encrypted_to` says to people for whom; `recipients` are the keys.
    """

    chosen: tuple[Collector, ...]
    excluded: tuple[str, ...] = ()
    included: tuple[str, ...] = ()
    case: str = ""
    max_size: int = 100 << 20
    max_time: float = 240.0
    volume: int = 0
    recipients: Sequence[object] = ()
    encrypted_to: str = ""
    folder: Path | None = None
    stream: bool = False
    redaction: Literal["full", "off"] = "full"
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """`excluded` and `included` are what the consent record tells."""

    chosen: tuple[Collector, ...]
    excluded: tuple[str, ...]
    included: tuple[str, ...]


def choice(
    collectors: Sequence[Collector],
    *,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    also: Sequence[str] = (),
) -> Choice:
    """Which run, in the order in which they run. UsageError for a name that nobody has."""
    chosen = by_priority(choose(collectors, only=only, skip=skip, consented=also))
    if not chosen:
        raise UsageError("usage", "nothing is left to collect", hint="--only or fewer --skip")
    wanted = {each.code for each in chosen}
    return Choice(
        tuple(chosen),
        tuple(each.code for each in collectors if each.code not in wanted and not each.consent),
        tuple(each.code for each in chosen if each.consent),
    )


def check_case(case: str) -> str:
    """It becomes a part of a file's name. UsageError."""
    if case and not _CASE.fullmatch(case):
        raise UsageError(
            "usage",
            f"{case!r} can't be part of a file's name",
            hint="--case with letters, digits, `.`, `_` and `-`, at most 64",
        )
    return case
