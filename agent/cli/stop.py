"""`caretaker stop`: end the embedded agent and its services."""

from __future__ import annotations

import click

from agent.asking import post as act
from agent.background import Background
from agent.cli.appliance import manifest_of
from agent.errors import UsageError
from agent.host.clock import Clock
from agent.layout import Layout


@click.command()
@click.pass_obj
def command(layout: Layout) -> None:
    """Drain, stop the services in order, then the agent. On a VM systemd does that."""
    if not layout.embedded:
        raise UsageError("embedded-only", "stop is for machines without systemd",
                         hint="sudo systemctl stop caretaker")  # fmt: skip
    _, layout = manifest_of(layout)
    background = Background(layout, Clock())
    if not background.running():
        click.echo("it does not run")
        return
    act(layout, "/stop")
    background.wait_until_stopped()
    click.echo("stopped")
