"""`caretaker support-bundle --plan`: what would be collected, and how much; nothing is read."""

from __future__ import annotations

import click

from agent.cli.saying import json_line, plain, size
from support.cli.support_bundle import Wishes
from support.cli.support_bundle_choice import SIZE, TIME, chosen
from support.cli.support_bundle_scene import World
from support.collectors.limits import Limits
from support.collectors.plan import plan
from support.collectors.selection import collectors_for
from support.scene import Scene


def show_plan(world: World, scene: Scene, wishes: Wishes, *, as_json: bool) -> None:
    support = world.manifest.support if world.manifest else None
    most = wishes.max_size or (support.max_size if support else SIZE)
    seconds = wishes.max_time or (support.max_time if support else TIME)
    collectors = collectors_for(scene)
    choice = chosen(world.manifest, collectors, wishes.only, wishes.skip, wishes.also)
    clock = scene.host.clock
    limits = Limits(clock, clock.monotonic() + seconds, room=lambda: int(most))
    found = plan(choice.chosen, scene, limits)
    if as_json:
        click.echo(json_line({"collectors": found.collectors, "raw": found.raw,
                              "estimate": found.packed, "excluded": choice.excluded}))  # fmt: skip
        return
    width = max(len(each.code) for each in found.collectors)
    for each in found.collectors:
        amount = "-" if each.why else size(each.raw)
        told = plain(each.why) or plain(each.reads)
        click.echo(f"{each.code:<{width}}  {amount:>10}  {told}")
    for code in choice.excluded:
        click.echo(f"{code:<{width}}  {'-':>10}  left out")
    about = f"about {size(found.raw)} to redact, about {size(found.packed)} as a file"
    click.echo(f"{about}; at most {size(most)} and {seconds:.0f} s")
