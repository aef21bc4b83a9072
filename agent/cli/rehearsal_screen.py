"""A rehearsal as people read it.

Owns the words on the screen. Refuses to rehearse.
"""

from __future__ import annotations

import click

from agent.cli.progress import span_of
from agent.cli.saying import plain
from agent.upgrade.rehearsal import Rehearsed


def rehearsal_told(found: Rehearsed) -> list[str]:
    """How a rehearsal went that nothing speaks against."""
    by = "" if found.how == "copy" else f" by {found.how}"
    took = f"copied{by} in {span_of(found.copying)}"
    took += f", migrated in {span_of(found.migrating)}"
    if found.starting is not None:
        took += f", healthy after {span_of(found.starting)}"
    lines = [
        click.style(f"Rehearsed: {plain(found.version)} is well on a copy of the data", fg="green")
    ]
    lines.append(f"  {took}")
    if found.downtime is not None:
        lines.append(f"  expect {span_of(found.downtime)} of downtime, and what stopping takes")
    return lines + [f"  left out: {plain(each)}" for each in found.left_out]
