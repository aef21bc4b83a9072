"""`caretaker releases`: what is installed, what runs, what can be gone back to."""

from __future__ import annotations

import click

from agent.cli.appliance import manifest_of
from agent.cli.saying import json_line, moment, plain, size
from agent.deployment import Deployments
from agent.host.clock import Clock
from agent.layout import Layout
from agent.upgrade.listing import Row, Staged, rows, spare

_COLOUR = {"active": "green", "abandoned": "yellow", "incomplete": "red"}


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def command(layout: Layout, *, json_wanted: bool) -> None:
    """Show the versions here: what runs, what can be gone back to, what was gone back from.

    A deployment is a version and its data, together under one number. Sizes are of content;
    clones may share most of it on the disk.

    \b
    caretaker releases
    caretaker rollback --to 3 --plan
    """
    _, layout = manifest_of(layout)
    found = rows(Deployments(layout, Clock()))
    unused = spare(layout, found)
    if json_wanted:
        click.echo(json_line({"deployments": found, "unpacked": unused}))
        return
    if not found:
        click.echo("nothing is deployed here yet")
        return
    for line in [_head(), *map(_line, found), *map(_unused, unused)]:
        click.echo(line)


def _head() -> str:
    names = f"{'no':>4}  {'version':<16} {'':<10} {'since':<19}  {'supported':<10} {'data':>10}"
    return click.style(names, dim=True)


def _line(row: Row) -> str:
    standing = click.style(f"{row.standing:<10}", fg=_COLOUR.get(row.standing), bold=True)
    since = moment(row.created) if row.created else ""
    data = "elsewhere too" if row.external_database else ""
    told = size(row.size) if row.size is not None else "?"
    return (
        f"{row.number:>4}  {plain(row.version):<16} {standing} {since:<19}"
        f"  {plain(row.supported_until) or '-':<10} {told:>10} {data}"
    ).rstrip()


def _unused(each: Staged) -> str:
    return f"   -  {plain(each.version):<16} {'unpacked':<10} in no deployment yet"
