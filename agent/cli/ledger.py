"""`caretaker ledger`: what Caretaker did, when, why and how it ended."""

from __future__ import annotations

import click

from agent.cli.appliance import manifest_of
from agent.cli.arguments import DURATION
from agent.cli.both_ledgers import merged_ledgers
from agent.cli.saying import json_line, moment, plain, word
from agent.host.clock import Clock
from agent.layout import Layout
from agent.ledger import Entry
from agent.manifest.kinds import Duration


@click.command()
@click.option("--limit", type=click.IntRange(1, 20_000), default=30, show_default=True,
              metavar="N", help="Newest N entries.")  # fmt: skip
@click.option("--since", type=DURATION, metavar="TIME", help="Only the last TIME (`24h`).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_obj
def command(layout: Layout, *, limit: int, since: Duration | None, as_json: bool) -> None:
    """Show what Caretaker did, oldest first.

    \b
    caretaker ledger --since 24h
    caretaker ledger --json | jq 'select(.outcome == "failed")'
    """
    _, layout = manifest_of(layout)
    begin = Clock().wall() - since if since is not None else 0.0
    entries = merged_ledgers(layout, limit=limit, since=begin, hint="sudo caretaker ledger")
    for entry in entries:
        click.echo(json_line(entry) if as_json else _line(entry))
    if not entries and not as_json:
        click.echo("nothing was done yet")


def _line(entry: Entry) -> str:
    target = f" {plain(entry.target)}" if entry.target else ""
    why = f" – {plain(entry.why)}" if entry.why else ""
    took = f" in {entry.seconds:.1f} s" if entry.seconds is not None else ""
    done = f"{plain(entry.act)}{target}: {word(entry.outcome)}{took}"
    return f"{moment(entry.at)}  {done}{why}  ({plain(entry.actor)})"
