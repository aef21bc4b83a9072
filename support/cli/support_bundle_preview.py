"""`caretaker support-bundle --preview`: each masked line as it would leave; nothing is written."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial

import click

from agent.cli.progress import watching
from agent.cli.saying import count, json_line, plain, size
from agent.errors import MachineError
from agent.host import told
from support.bundle import refinery
from support.bundle.order import Order
from support.bundle.preview import SHOWN, Masked, Previewed, preview
from support.bundle.refinery import Lost
from support.cli.support_bundle import Wishes
from support.cli.support_bundle_choice import TIME, chosen
from support.cli.support_bundle_make import gentle, tools
from support.cli.support_bundle_scene import World
from support.collectors.selection import collectors_for
from support.scene import Scene


def show_preview(world: World, scene: Scene, wishes: Wishes, *, as_json: bool) -> None:
    collectors = collectors_for(scene)
    order = Order(
        chosen=chosen(world.manifest, collectors, wishes.only, wishes.skip, wishes.also).chosen
    )
    gentle(scene.host)
    with told.listening() as heard:
        make = partial(tools, collectors=collectors, lasting=False)
        started = refinery.start(scene, make, heard.to_stop)
        try:
            with watching(json_wanted=as_json) as progress:
                progress.step("prepare", "Start the redactor and test it")
                started.ready()
                progress.step("preview", "Collect and redact, for a look")
            found = preview(started, order, float(wishes.max_time or TIME))
            _show(_until(found, heard), as_json=as_json)
        except Lost as lost:
            raise MachineError(
                "redaction-failed",
                f"the redactor ended early: {lost}",
                hint="caretaker support-bundle --preview --only COLLECTOR",
            ) from lost
        finally:
            started.end()


def _until(found: Iterator[Previewed], heard: told.Told) -> Iterator[Previewed]:
    for each in found:
        if heard.to_stop():
            return
        yield each


def _show(found: Iterator[Previewed], *, as_json: bool) -> None:
    if as_json:
        for each in found:
            value = {"name": each.name, "collector": each.collector, "size": each.size,
                     "masked": [{"rule": m.rule, "line": m.line, "text": m.text}
                                for m in each.masked],
                     "counts": each.counts, "withheld": each.withheld}  # fmt: skip
            click.echo(json_line(value))
    elif sys.stdout.isatty():
        click.echo_via_pager(f"{line}\n" for line in _lines(found))
    else:
        for line in _lines(found):
            click.echo(line)


def _lines(found: Iterator[Previewed]) -> Iterator[str]:
    totals: Counter[str] = Counter()
    files = bytes_ = 0
    for each in found:
        files, bytes_ = files + 1, bytes_ + each.size
        totals.update(each.counts)
        if each.withheld:
            yield f"{plain(each.name)}: {plain(each.withheld)}"
        if not each.masked:
            continue
        yield f"{plain(each.name)}  ({size(each.size)})"
        shown: Counter[str] = Counter()
        last = Masked("", 0, "")
        for masked in each.masked:
            shown[masked.rule] += 1
            if masked.line != last.line or masked.text not in last.text:  # two places, one line
                yield f"  {masked.line}: {plain(masked.text)}"
                last = masked
        for rule, number in each.counts.items():
            if shown[rule] >= SHOWN and number > SHOWN:
                yield f"  and {number - SHOWN:,} more of {rule}"
    yield ""
    yield f"{count(files, 'file')}, {size(bytes_)}; nothing was written. Places by rule:"
    for rule, number in totals.most_common():
        yield f"  {number:>8,}  {rule}"
