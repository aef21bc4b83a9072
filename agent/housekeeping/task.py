"""What a housekeeping task is: a schedule, and a function that does it or says what it would do.

Owns the records. Refuses to decide when one is due (`due`) and to run any (`run`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from agent.host.machine import Host
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.manifest.upkeep import Schedule


@dataclass(frozen=True, slots=True)
class Chores:
    """The world of one run. `dry`: say what would be done, and change nothing."""

    host: Host
    manifest: Manifest
    layout: Layout
    values: Values = field(repr=False)
    dry: bool = False


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a task did, or would do where it was a dry run.

    `freed` is bytes, `items` how many things went or were worked on; `lines` say what, at most a
    few hundred; `problems` are what it could not do, which makes the run a failed one.
    """

    summary: str
    freed: int = 0
    items: int = 0
    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One task of Caretaker's own, or of the vendor's.

    `wanted` says whether this appliance has any use for it. `run` raises CaretakerError,
    HostFailure or OSError; it may be killed at any point and run again. `frees`: it makes room and
    harms nothing, so the disk remedy may run it out of its time, in this order. An empty calendar
    expression: never by itself. `timeout` is seconds, then the run is ended with all it started.
    `rights` are lines of `[Service]` that its unit needs beyond systemd/caretaker-task@.service,
    each with a reason above it.
    """

    name: str
    title: str
    schedule: Schedule
    run: Callable[[Chores], Done]
    wanted: Callable[[Manifest], bool] = lambda manifest: True
    frees: bool = False
    timeout: float = 3600.0
    rights: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("systemd", "embedded")
