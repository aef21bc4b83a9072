"""What a check is, and what it gets to look with.

Owns the two records that every file of `checks/` shares. Refuses behaviour: running a look within
its time is `look`'s work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.findings import Finding
from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.checks import Check
from agent.manifest.placeholders import Values
from agent.services.protocol import Services


@dataclass(frozen=True, slots=True)
class Context:
    """The world of one check of the manifest.

    `memory` survives from one look to the next (never a restart) and belongs to this check alone:
    what a look learnt at a price, and the counters it compares with. Only the look itself writes
    there, and only one look of a check runs at a time.
    """

    host: Host
    layout: Layout
    values: Values = field(repr=False)
    services: Services
    name: str
    memory: dict[str, Any] = field(default_factory=dict, repr=False)


# The record comes with its placeholders filled in, so its repr may hold secrets.
Look = Callable[[Any, Context], Finding]


@dataclass(frozen=True, slots=True)
class CheckType:
    """One type of check.

    `codes` are the words its findings may carry besides `ok` and those of `look`; `hang` says what
    it waits for where it gives no answer at all; `cost` what one look takes, for the reference.
    """

    code: str
    params: type[Check]
    look: Look
    codes: tuple[str, ...]
    hang: str
    cost: str
