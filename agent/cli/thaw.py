"""`caretaker thaw`: let the application go on after a freeze."""

from __future__ import annotations

import click

from agent.backup import hold
from agent.cli.backup_scene import JSON, scene_for
from agent.cli.saying import json_line
from agent.errors import MachineError
from agent.host.accounts import actor_here
from agent.host.failures import HostFailure
from agent.layout import Layout


@click.command()
@JSON
@click.pass_obj
def command(layout: Layout, *, as_json: bool) -> None:
    """Let the application go on. Nothing happens where nothing held it.

    Exit status 0: it goes on. Else it is tried again every few seconds by itself.

    \b
    sudo caretaker thaw
    """
    scene = scene_for(layout, verb="thaw")
    try:
        thawed = hold.thaw(scene, by=actor_here())
    except HostFailure as failure:
        raise MachineError("command-failed", str(failure), hint="caretaker thaw") from failure
    if as_json:
        click.echo(json_line({"thawed": thawed}))
    else:
        click.echo("it goes on" if thawed else "nothing was held")
