"""`caretaker drain`: keep new traffic away while the application runs on."""

from __future__ import annotations

import click

from agent.asking import post as act
from agent.cli.appliance import manifest_of
from agent.cli.arguments import DURATION
from agent.layout import Layout
from agent.manifest.kinds import Duration


@click.command()
@click.option("--reason", default="", metavar="TEXT", help="Why; `status` shows it.")
@click.option("--for", "length", type=DURATION, metavar="TIME", help="Take it back after TIME.")
@click.pass_obj
def command(layout: Layout, *, reason: str, length: Duration | None) -> None:
    """Keep new traffic away: ready says no, live says yes, kept over restarts.

    \b
    caretaker drain --for 10m --reason "new disk"
    caretaker undrain
    """
    _, layout = manifest_of(layout)
    body = {"reason": reason} | ({"for": str(length)} if length is not None else {})
    act(layout, "/drain", body)
    end = f"for {length}" if length is not None else "until `caretaker undrain`"
    click.echo(f"drained {end}: /healthz says 503, /livez says 200")
