"""`caretaker restart`: restart one service of the appliance.

Owns the choice of the way: root acts at once, also while the agent is dead; everybody else, and
everybody below a root of its own, asks the agent.
"""

from __future__ import annotations

import click

from agent.asking import post as act
from agent.cli.appliance import manifest_of
from agent.errors import CaretakerError, UsageError
from agent.host.accounts import is_root
from agent.host.machine import Host
from agent.layout import Layout
from agent.ledger import Ledger
from agent.manifest.model import Manifest
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
    if is_root() and not layout.embedded:
        _restart(manifest, layout, service)
    else:
        act(layout, f"/services/{service}/restart")
    click.echo(f"{service} was restarted; see how it does: caretaker health --wait 60s")


def _restart(manifest: Manifest, layout: Layout, service: str) -> None:
    from agent.services.open import open_services

    host = Host()
    ledger = Ledger(layout.ledger, host.clock)
    begun = host.clock.monotonic()
    try:
        open_services(manifest, layout, host).restart(service)
    except CaretakerError as error:
        ledger.write("restart", target=service, outcome="failed", why=error.message, actor="root")
        raise
    took = host.clock.monotonic() - begun
    ledger.write("restart", target=service, why="asked for by hand", actor="root", seconds=took)
