"""Making a bundle, as the command line does it: wishes to an order, the course, the last words.

Owns those. Refuses to collect or redact here: that is `support.bundle.course`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from agent.cli.progress import watching
from agent.cli.saying import json_line
from agent.errors import MachineError
from agent.host import core_dumps, priority, scope, told
from agent.host.accounts import actor_here
from agent.host.machine import Host
from agent.host.scope import Share
from support.bundle import course
from support.bundle.course import Made, Means
from support.bundle.order import Choice, Order, check_case
from support.bundle.recipients import recipients
from support.bundle.refining import Tools
from support.cli.support_bundle import Wishes
from support.cli.support_bundle_choice import SIZE, TIME, chosen
from support.cli.support_bundle_scene import World
from support.cli.support_bundle_screen import as_value, last_words
from support.collectors.collector import Collector
from support.collectors.selection import collectors_for
from support.collectors.starting import Apart
from support.scene import Scene

PARTIAL = 4  # exit status: there is a bundle, and not all was collected
_HIGH, _MOST = 256 << 20, 512 << 20  # bytes of memory, page cache included


def make_it(world: World, scene: Scene, wishes: Wishes, *, as_json: bool) -> int:
    """The exit status. CaretakerError."""
    collectors = collectors_for(scene)
    choice = chosen(world.manifest, collectors, wishes.only, wishes.skip, wishes.also)
    order = _order(world, wishes, choice)
    gentle(scene.host)
    with told.listening() as heard, watching(json_wanted=as_json and not order.stream) as progress:
        if world.note:
            progress.note(f"there is no manifest to go by: {world.note}")
        means = Means(
            tools=partial(tools, collectors=collectors, redacted=not wishes.unredacted),
            looks=world.manifest.look if world.manifest else {},
            told=heard.to_stop,
            progress=progress,
            stream=_to_stdout,
        )
        try:
            made = course.make(scene, order, means)
        except told.Abandoned:
            click.echo("stopped: nothing of the bundle is left", err=True)
            return 130
    _say(world, made, as_json=as_json, stream=order.stream)
    return PARTIAL if made.manifest.partial else 0


def tools(
    scene: Scene, *, collectors: Sequence[Collector], redacted: bool = True, lasting: bool = True
) -> Tools:
    """In the refinery, which alone needs them: imported there, they take no room here."""
    apart = Apart(scene, collectors)
    from support.bundle.tools import raw_tools, tools

    if redacted:
        return tools(scene, collectors, who(), apart, lasting=lasting)
    return raw_tools(scene, collectors, who(), apart)


def who() -> str:
    """Who makes it: behind sudo, the person. It leaves as a pseudonym only."""
    return os.environ.get("SUDO_USER", "") or actor_here()


def gentle(host: Host) -> None:
    """Take only what the application leaves."""
    core_dumps.switch_off()
    quota = min(200, max(50, 75 * host.facts.cpus()))
    scope.enter(host.systemd, "caretaker-support", Share(quota, _HIGH, _MOST))
    priority.give_way()


def _order(world: World, wishes: Wishes, choice: Choice) -> Order:
    support = world.manifest.support if world.manifest else None
    keys, name = _keys(world, wishes)
    stream = wishes.output == "-"
    return Order(
        chosen=choice.chosen,
        excluded=choice.excluded,
        included=choice.included,
        case=check_case(wishes.case),
        max_size=wishes.max_size or (support.max_size if support else SIZE),
        max_time=wishes.max_time or (support.max_time if support else TIME),
        volume=wishes.volume or 0,
        recipients=keys,
        encrypted_to=name,
        folder=Path(wishes.output).absolute() if wishes.output and not stream else None,
        stream=stream,
        redaction="off" if wishes.unredacted else "full",
        resume=wishes.resume,
    )


def _keys(world: World, wishes: Wishes) -> tuple[Sequence[object], str]:
    """For whom: said, else the vendor whose key is in the image, else nobody. UsageError."""
    if wishes.no_encrypt:
        return (), ""
    if wishes.encrypt_to is not None:
        return recipients(wishes.encrypt_to), str(wishes.encrypt_to.name)
    if not world.layout.support_recipient.exists():
        return (), ""
    return recipients(world.layout.support_recipient), "the vendor"


def _to_stdout(content: bytes) -> None:
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise MachineError(
            "support-failed",
            f"whoever took the bundle stopped taking it: {error.strerror}",
            hint="caretaker support-bundle  # into a file",
        ) from error


def _say(world: World, made: Made, *, as_json: bool, stream: bool) -> None:
    if as_json:
        click.echo(json_line(as_value(made)), err=stream)
        return
    contact = world.manifest.appliance.support if world.manifest else ""
    for line in last_words(made, world.layout, contact=contact):
        click.echo(line, err=stream)
