"""`caretaker support-bundle reveal`: on the machine itself, what a pseudonym stands for."""

from __future__ import annotations

import contextlib
from functools import partial

import click

from agent.cli.saying import json_line, plain
from agent.errors import CaretakerError
from agent.layout import Layout
from support.bundle.ahead import take_over
from support.cli.support_bundle_scene import world_of
from support.cli.support_bundle_verify import JSON
from support.redact.identities.pseudonym_map import keep
from support.redact.identities.pseudonym_map import reveal as reveal_it


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@JSON
@click.pass_obj
def reveal(layout: Layout, names: tuple[str, ...], *, as_json: bool) -> None:
    """Say what the pseudonym NAME out of a bundle of this machine stands for.

    Only here, and only as root: the map never leaves the machine. Exit status 2: it gave none
    such.

    \b
    sudo caretaker support-bundle reveal host-k3f9
    sudo caretaker support-bundle reveal 10.31.7.4 user-a1
    """
    world = world_of(layout, rescue=None)
    with contextlib.suppress(CaretakerError):
        # Of a bundle whose maker was killed.
        take_over(world.layout, partial(keep, world.layout))
    for name in names:
        value = reveal_it(world.layout, name)
        if as_json:
            click.echo(json_line({"pseudonym": name, "value": value}))
        else:
            click.echo(f"{plain(name)}  {plain(value)}")
