"""Root's ledger and the agent's, read as one for whoever asks on the command line.

Owns what is said when one of them can't be read. Refuses to let the agent's hide root's: whoever
took the agent over can write anything into its own.
"""

from __future__ import annotations

import click

from agent.cli.saying import plain
from agent.errors import MachineError
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.ledger import Entry, read_ledgers


def merged_ledgers(layout: Layout, *, limit: int, hint: str, since: float = 0.0) -> list[Entry]:
    """The newest entries of both, oldest first. `hint`: what to try where root's is closed.

    Raises MachineError. The agent's that can't be read is left out, and standard error says so.
    """
    own, agents = layout.ledgers
    try:
        entries = read_ledgers([own], limit=limit, since=since)
    except FileFailure as failure:
        raise MachineError("file-unreadable", str(failure), hint=hint) from failure
    try:
        entries += read_ledgers([agents], limit=limit, since=since)
    except FileFailure as failure:
        click.echo(f"without what the agent itself did: {plain(str(failure))}", err=True)
    entries.sort(key=lambda entry: entry.at)
    return entries[-limit:]
