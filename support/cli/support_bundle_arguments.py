"""Kinds of argument of `caretaker support-bundle`: sizes and points in time, as people write them.

Owns reading them off the command line. Refuses defaults.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click

from agent.host.clock import Clock
from agent.manifest.kinds import Duration, Size

_SHORT = re.compile(r"[0-9.]+[KMGT]")


class SizeType(click.ParamType[Size]):
    """`20MiB` as in the manifest, and `20M`, which means the same."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> Size:
        if isinstance(value, Size):
            return value
        text = f"{value}iB" if _SHORT.fullmatch(value) else value
        try:
            return Size.parse(text)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class MomentType(click.ParamType[float]):
    """`24h` ago, or a date and time: `2026-11-20`, `2026-11-20T14:00`, with a zone or without."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if isinstance(value, float):
            return value
        clock = Clock()
        try:
            return clock.wall() - Duration.parse(value)
        except ValueError:
            pass
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 24h, or 2026-11-20T14:00", param, ctx)
        if at.tzinfo is None:
            at = at.replace(tzinfo=clock.zone(environment=True))
        return at.timestamp()


SIZE = SizeType()
MOMENT = MomentType()
