"""Analysing this machine without a bundle: collected and redacted as for one, then forgotten.

Owns feeding the study from the refinery. Refuses to write anything, and to look at what was not
redacted: the answer is the one that the vendor would read out of the bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from agent.cli.progress import watching
from agent.errors import MachineError
from agent.host import told
from agent.layout import Layout
from agent.manifest.support import Look
from agent.progress import Progress
from support.analysers.analyser import Judgement
from support.analysers.study import Study
from support.bundle import refinery
from support.bundle.messages import Begun, Finished, Over
from support.bundle.refinery import Lost, Refinery
from support.cli.support_bundle_choice import TIME
from support.cli.support_bundle_make import gentle, tools
from support.cli.support_bundle_scene import scene_of, world_of
from support.collectors.collector import Collector
from support.collectors.selection import collectors_for

_ROOM = 100 << 20  # bytes of one collector; nothing is kept


def judged_here(layout: Layout, newer: Mapping[str, Look]) -> Sequence[Judgement]:
    """RefusedError where one may not, MachineError where the redactor does not work."""
    world = world_of(layout, rescue=None)
    scene = scene_of(world, None, None)
    collectors = [each for each in collectors_for(scene) if not each.consent]
    looks = {**(world.manifest.look if world.manifest else {}), **newer}
    study = Study(looks)
    gentle(scene.host)
    with told.listening() as heard:
        make = partial(tools, collectors=collectors)
        started = refinery.start(scene, make, heard.to_stop)
        try:
            with watching(json_wanted=False) as progress:
                progress.step("prepare", "Start the redactor and test it")
                started.ready()
                progress.step("collect", f"Look at this machine (collectors: {len(collectors)})")
                _collect(started, collectors, study, progress, heard.to_stop)
        except Lost as lost:
            raise MachineError(
                "redaction-failed",
                f"the redactor ended early: {lost}",
                hint="sudo caretaker support-bundle --preview",
            ) from lost
        finally:
            started.end()
    # There is no bundle that could be judged itself.
    return [each for each in study.judgements() if each.code != "bundle"]


def _collect(
    started: Refinery,
    collectors: Sequence[Collector],
    study: Study,
    progress: Progress,
    to_stop: Callable[[], bool],
) -> None:
    for number, collector in enumerate(collectors, 1):
        if to_stop():
            return
        progress.advance(number, len(collectors), "items")
        name = ""
        for each in started.collect(
            collector.code, room=_ROOM, seconds=float(TIME), quiet=collector.timeout
        ):
            if isinstance(each, Begun):
                name = each.name
            elif isinstance(each, bytes):
                study.feed(name, each)
            elif isinstance(each, Finished):
                study.close(name)
            elif isinstance(each, Over):
                break
