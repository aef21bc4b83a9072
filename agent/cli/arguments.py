"""Kinds of argument that several verbs take.

Owns reading them off the command line, in the manifest's own spelling. Refuses defaults.
"""

from __future__ import annotations

from typing import Any

import click

from agent.manifest.kinds import Duration


class DurationType(click.ParamType[Duration]):
    """`30s`, `5m`, `1h30m`, as in the manifest."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> Duration:
        if isinstance(value, Duration):
            return value
        try:
            return Duration.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()
