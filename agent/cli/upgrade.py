"""`caretaker upgrade`: install a release, or only say what that would do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from agent.change.request import UpgradeRequest
from agent.cli import changing
from agent.cli.appliance import manifest_of
from agent.cli.plan_screen import plan_told
from agent.cli.progress import watching
from agent.cli.saying import json_line
from agent.deployment import Deployments
from agent.errors import UsageError
from agent.host.clock import Clock
from agent.layout import Layout
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene
from agent.upgrade.plan import Plan, refuse
from agent.upgrade.upgrade import plan_upgrade, stage_only

RESUME = "resume"


@click.command()
@click.argument("file", metavar="FILE|resume")
@click.option("--plan", "plan_only", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--rehearse", is_flag=True,
              help="Try it on a copy of the data first; the version in use serves on.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--older", is_flag=True, help="An older release is meant.")
@click.option("--expired", is_flag=True, help="One whose signatures have ended is meant.")
@click.option("--set", "given", multiple=True, metavar="NAME=ANSWER",
              help="Answer a question that the release asks.")  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON, one object a line.")
@click.pass_obj
def command(
    layout: Layout,
    *,
    file: str,
    plan_only: bool,
    rehearse: bool,
    yes: bool,
    older: bool,
    expired: bool,
    given: tuple[str, ...],
    json_wanted: bool,
) -> None:
    """Install the release in FILE, its data included, or change nothing.

    The release is verified and unpacked while the old version serves. Then the old one is stopped,
    its data cloned, the clone migrated, and both are changed over at once. Unless the new version
    is healthy in its time, the old one comes back with its data. Closing the terminal, a crash or
    a reboot leave nothing half done; `resume` only waits for the end, and is never needed.

    \b
    sudo caretaker upgrade shop-2.0.bundle --plan
    sudo caretaker upgrade shop-2.0.bundle
    sudo caretaker upgrade shop-2.0.bundle --rehearse
    sudo caretaker upgrade shop-2.0.bundle --set region=eu --yes
    sudo caretaker upgrade resume
    """
    manifest, layout = manifest_of(layout)
    if file == RESUME:
        _resume(layout, json_wanted=json_wanted)
        return
    request = UpgradeRequest(
        bundle=str(Path(file).absolute()), older=older, expired=expired, answers=_answers(given)
    )
    words = _words(file, plan=plan_only, rehearse=rehearse, older=older, expired=expired,
                   given=given)  # fmt: skip
    changing.only_who_may(layout, words)
    scene = open_scene(manifest, layout)
    plan = plan_upgrade(scene, request)
    if plan_only:
        _show(plan, json_wanted=json_wanted)
        return
    if plan.nothing:
        changing.nothing_told(f"{plan.version} runs here already", json_wanted=json_wanted)
        return
    if not json_wanted:
        # Who is not asked has a log, in which each step is told as it is done.
        click.echo(plan_told(plan, steps=not yes), err=True)
    refuse(plan)
    if not yes and not rehearse:
        changing.somebody_there(layout, json_wanted=json_wanted, words=words)
    if rehearse:
        _rehearse(scene, request, json_wanted=json_wanted)
    if rehearse and not yes and not changing.is_somebody_there(json_wanted=json_wanted):
        # A rehearsal changes nothing, so nobody need agree to it; that is all there was to do.
        _rehearsed_only(layout, words, json_wanted=json_wanted)
        return
    if not yes:
        changing.agreed(f"Upgrade to {plan.version}?")
    _make(layout, request, plan, json_wanted=json_wanted)


def _make(layout: Layout, request: UpgradeRequest, plan: Plan, *, json_wanted: bool) -> None:
    outcome = changing.make(layout, request, json_wanted=json_wanted)
    if outcome is None:
        changing.nothing_told(f"{plan.version} runs here already", json_wanted=json_wanted)
        return
    back = changing.way_back(layout, outcome.before, plan.grace)
    changing.told(outcome, back=back, json_wanted=json_wanted)


def _resume(layout: Layout, *, json_wanted: bool) -> None:
    changing.only_who_may(layout, ["upgrade", RESUME])
    outcome = changing.brought_to_its_end(layout, json_wanted=json_wanted)
    if outcome is None or not outcome.changed:
        why = f": {outcome.why}" if outcome is not None and outcome.why else ""
        active = Deployments(layout, Clock()).active()
        runs = f"; {active.version} is installed" if active else ""
        text = f"nothing is under way{why}{runs}: caretaker releases"
        changing.nothing_told(text, json_wanted=json_wanted)
        return
    changing.told(outcome, back=(), json_wanted=json_wanted)


def _rehearse(scene: Scene, request: UpgradeRequest, *, json_wanted: bool) -> None:
    """Raises what speaks against the upgrade."""
    from agent.cli.rehearsal_screen import rehearsal_told
    from agent.upgrade.rehearsal import rehearse, story

    with watching(json_wanted=json_wanted) as progress:
        release = stage_only(scene, request, progress)
        found = rehearse(scene, release, progress=progress)
    if json_wanted:
        click.echo(json_line({"rehearsal": found}))
    against = story(found)
    if against is not None:
        raise against
    if not json_wanted:
        for line in rehearsal_told(found):
            click.echo(line, err=True)


def _rehearsed_only(layout: Layout, words: Sequence[str], *, json_wanted: bool) -> None:
    if not json_wanted:
        rest = [each for each in words if each != "--rehearse"]
        click.echo(f"Nothing was changed. To upgrade: {changing.spelled(layout, rest)}")


def _show(plan: Plan, *, json_wanted: bool) -> None:
    """The plan alone; its exit status says whether it could begin."""
    if plan.nothing and not json_wanted:
        click.echo(f"{plan.version} runs here already")
    else:
        click.echo(json_line(plan) if json_wanted else plan_told(plan))
    if plan.refusals:
        sys.exit(plan.refusals[0].exit_status)


def _answers(given: Sequence[str]) -> dict[str, str]:
    answers = {}
    for each in given:
        name, sign, answer = each.partition("=")
        if not sign or not name:
            message = f"--set {each} is no NAME=ANSWER"
            raise UsageError("usage", message, hint="caretaker upgrade --help")
        answers[name] = answer
    return answers


def _words(file: str, *, given: Sequence[str], **flags: bool) -> list[str]:
    """What was typed, for a hint that can be typed again."""
    said = [f"--{name}" for name, wanted in flags.items() if wanted]
    return ["upgrade", file, *said, *(f"--set {each}" for each in given)]
