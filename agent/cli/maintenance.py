"""`caretaker maintenance`: announce work, with a reason and an end."""

from __future__ import annotations

import click

from agent.asking import post as act
from agent.cli.appliance import manifest_of, newest_report
from agent.cli.arguments import DURATION
from agent.cli.saying import moment, plain
from agent.layout import Layout
from agent.manifest.kinds import Duration


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Announce work: ready says no with the reason `maintenance`, until it ends by itself.

    \b
    caretaker maintenance                                    is it on?
    caretaker maintenance on --for 30m --reason "new disk"
    caretaker maintenance off
    """
    if context.invoked_subcommand is None:
        _, layout = manifest_of(context.obj)
        report, _ = newest_report(layout)
        modes = [mode for mode in report.modes if mode.name == "maintenance"] if report else []
        for mode in modes:
            end = moment(mode.until) if mode.until else "nobody knows when"
            click.echo(f"maintenance is on until {end}: {plain(mode.reason)}")
        if not modes:
            click.echo("maintenance is off")


@command.command()
@click.option("--for", "length", type=DURATION, required=True, metavar="TIME", help="Its length.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; `status` shows it.")
@click.pass_obj
def on(layout: Layout, *, length: Duration, reason: str) -> None:
    """Begin, and end by itself after TIME."""
    _, layout = manifest_of(layout)
    act(layout, "/maintenance/on", {"for": str(length), "reason": reason})
    click.echo(f"maintenance is on for {length}: /healthz says 503, /livez says 200")


@command.command()
@click.pass_obj
def off(layout: Layout) -> None:
    """End it now."""
    _, layout = manifest_of(layout)
    act(layout, "/maintenance/off")
    click.echo("maintenance is off: /healthz follows the checks again")
