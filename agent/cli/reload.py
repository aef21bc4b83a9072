"""`caretaker reload`: make the daemon read manifest and settings again."""

from __future__ import annotations

import click

from agent.asking import post as act
from agent.cli.appliance import manifest_of
from agent.layout import Layout


@click.command()
@click.pass_obj
def command(layout: Layout) -> None:
    """Read manifest and settings again, without losing what is known of the checks.

    A manifest with a mistake is told here and changes nothing. Services and units are setup's
    work: run setup.sh for those.
    """
    _, layout = manifest_of(layout)
    act(layout, "/reload")
    click.echo("read again")
