"""`caretaker undrain`: let traffic come again."""

from __future__ import annotations

import click

from agent.asking import post as act
from agent.cli.appliance import manifest_of
from agent.layout import Layout


@click.command()
@click.pass_obj
def command(layout: Layout) -> None:
    """Let traffic come again: ready follows the checks."""
    _, layout = manifest_of(layout)
    act(layout, "/undrain")
    click.echo("undrained: /healthz follows the checks again")
