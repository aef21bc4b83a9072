"""`caretaker freeze`: hold the application still for a snapshot that somebody else makes."""

from __future__ import annotations

import click

from agent.backup import cloud, hold
from agent.cli.arguments import DURATION
from agent.cli.backup_scene import JSON, scene_for
from agent.cli.saying import json_line, moment
from agent.errors import MachineError
from agent.host.accounts import actor_here
from agent.host.failures import HostFailure
from agent.layout import Layout
from agent.manifest.kinds import Duration


@click.command()
@click.option("--for", "seconds", type=DURATION, default=Duration(60), show_default="60s",
              metavar="TIME", help="Longest; then it goes on by itself.")  # fmt: skip
@click.option(
    "--install", type=click.Choice(cloud.CLOUDS), help="Put the cloud's scripts in place."
)
@click.option("--show", type=click.Choice(cloud.CLOUDS), help="Only print them.")
@JSON
@click.pass_obj
def command(
    layout: Layout, *, seconds: Duration, install: str | None, show: str | None, as_json: bool
) -> None:
    """Make the application hold still, and its data reach the disk; `caretaker thaw` ends it.

    It ends by itself when the time is up, also if this command, its session or the machine dies.
    A second freeze changes nothing. Exit status 0: it holds still now.

    \b
    sudo caretaker freeze --for 60s
    sudo caretaker freeze --install azure   before and after each snapshot of Azure Backup
    caretaker freeze --show aws             the SSM document for Data Lifecycle Manager
    """
    if show:
        for path, file in cloud.files_of(show).items():
            click.echo(f"# {path}\n{file.text}", nl=False)
        return
    scene = scene_for(layout, verb="freeze")
    try:
        if install:
            for each in cloud.install(scene.layout, install, by=actor_here()):
                click.echo(f"wrote {each}")
            click.echo(cloud.NEXT[install])
            return
        frozen = hold.freeze(scene, float(seconds), by=actor_here())
    except HostFailure as failure:
        raise MachineError(
            "command-failed", f"the application was not held: {failure}", hint="caretaker thaw"
        ) from failure
    click.echo(json_line(frozen) if as_json else f"held still until {moment(frozen.until)}")
