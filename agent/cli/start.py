"""`caretaker start`: the agent in the background, where there is no systemd."""

from __future__ import annotations

import click

from agent.background import Background
from agent.cli.appliance import manifest_of
from agent.host.clock import Clock
from agent.layout import Layout


@click.command()
@click.pass_obj
def command(layout: Layout) -> None:
    """Start the agent and the services in the background. On a VM systemd does that."""
    manifest, layout = manifest_of(layout)
    started = Background(layout, Clock()).start()
    click.echo("started" if started else "it runs already")
    click.echo(f"health: http://127.0.0.1:{manifest.probe.port}/healthz")
    click.echo(f"stop:   caretaker --root {layout.root} stop")
