"""What a remedy is: a look that only reads, an act that mends one thing, and its limits.

Owns the records. A remedy's `find` is detection, plan and proof after the act, all three, so that
they can't disagree. Refuses to decide when one may act (`course`) and to run any (`mend`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.services.protocol import Services


@dataclass(frozen=True, slots=True)
class Scene:
    """The world of one run. `booting`: nothing of the application was started yet."""

    host: Host
    manifest: Manifest
    layout: Layout
    values: Values = field(repr=False)
    services: Services
    booting: bool = False


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and what would be done about it.

    `target` names it for people and for the budget: a certificate, a lock, a service. `code` is
    one of the remedy's `cures`. `plan` says what the act will do; where `refusal` says why nothing
    may be done, a person must act, and `hint` is their command. No secrets.
    """

    target: str
    code: str
    summary: str
    plan: str = ""
    refusal: str = ""
    hint: str = ""
    detail: dict[str, str | int | float | bool | None] = {}


@dataclass(frozen=True, slots=True)
class Budget:
    """Acts on one target within `window` seconds; one more, and it is safe mode.

    After an act that did not cure, the next waits `pause` seconds, doubled each time up to
    `longest`.
    """

    acts: int = 5
    window: float = 3600.0
    pause: float = 10.0
    longest: float = 900.0


@dataclass(frozen=True, slots=True)
class Remedy:
    """One remedy.

    `cures` are the codes of findings (of checks, and of `find`) that make it run. `find` reads and
    never changes anything; it lists every fault there is, curable or not. `mend` cures one of
    them and says in a line what it did; it may be killed at any point and run again. Both raise
    CaretakerError, HostFailure or OSError. `refuses` and `undo` are for people: when it does
    nothing, and how to take it back. `at_boot`: runs before the application is started.
    `unasked`: runs by itself. `makes_room`: it only makes room on the disk, so it may act where
    the disk is too full for the attempt to be written down first.
    """

    name: str
    title: str
    cures: tuple[str, ...]
    find: Callable[[Scene], list[Fault]]
    mend: Callable[[Scene, Fault], str]
    refuses: str
    undo: str
    budget: Budget = Budget()
    at_boot: bool = False
    unasked: bool = True
    makes_room: bool = False
