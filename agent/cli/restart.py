"""`caretaker restart`: restart one service of the appliance."""

from __future__ import annotations

import click

from agent.cli.appliance import manifest_of
from agent.cli.client import act
from agent.errors import UsageError
from agent.layout import Layout
from agent.manifest.suggest import suggestion


@click.command()
@click.argument("service")
@click.pass_obj
def command(layout: Layout, service: str) -> None:
    """Restart SERVICE (a name of the manifest) and say how that went.

    \b
    caretaker restart sochdb
    """
    manifest, layout = manifest_of(layout)
    if service not in manifest.services:
        near = suggestion(service, manifest.services)
        raise UsageError("service-unknown", f"there is no service {service!r}{near}")
    act(layout, f"/services/{service}/restart")
    click.echo(f"{service} was restarted; see how it does: caretaker health --wait 60s")
