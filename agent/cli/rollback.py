"""`caretaker rollback`: go back to an earlier version, with its data."""

from __future__ import annotations

import sys

import click

from agent.change.request import RollbackRequest
from agent.cli import changing
from agent.cli.appliance import manifest_of
from agent.cli.plan_screen import plan_told
from agent.cli.saying import json_line
from agent.layout import Layout
from agent.remedies.scene import open_scene
from agent.upgrade.plan import Plan, refuse
from agent.upgrade.rollback import plan_rollback


@click.command()
@click.option("--to", type=click.IntRange(min=1), metavar="N",
              help="The deployment to go to; else the one before.")  # fmt: skip
@click.option("--plan", "plan_only", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--accept-data-loss", is_flag=True,
              help="Go back although much was written since.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON, one object a line.")
@click.pass_obj
def command(
    layout: Layout,
    *,
    to: int | None,
    plan_only: bool,
    accept_data_loss: bool,
    yes: bool,
    json_wanted: bool,
) -> None:
    """Go back to the version before, and to the data as that version left it.

    Nothing is copied or migrated back: both lie here still. What was written since is not in that
    data. How much it is, is told before anything happens; it stays here for a while, as the
    deployment that was gone back from.

    \b
    sudo caretaker rollback --plan
    sudo caretaker rollback
    sudo caretaker rollback --to 3 --accept-data-loss --yes
    """
    manifest, layout = manifest_of(layout)
    request = RollbackRequest(to=to, accept_data_loss=accept_data_loss)
    words = [
        "rollback",
        *([f"--to {to}"] if to is not None else []),
        *(["--plan"] if plan_only else []),
        *(["--accept-data-loss"] if accept_data_loss else []),
    ]
    changing.only_who_may(layout, words)
    plan = plan_rollback(open_scene(manifest, layout), request)
    if plan_only:
        _show(plan, json_wanted=json_wanted)
        return
    if plan.nothing:
        text = f"deployment {plan.number} is active already"
        changing.nothing_told(text, json_wanted=json_wanted)
        return
    if not json_wanted:
        click.echo(plan_told(plan, steps=not yes), err=True)
    refuse(plan)
    if not yes:
        changing.somebody_there(layout, json_wanted=json_wanted, words=words)
        changing.agreed(f"Go back to {plan.version}?")
    outcome = changing.make(layout, request, json_wanted=json_wanted)
    if outcome is None:
        text = f"deployment {plan.number} is active already"
        changing.nothing_told(text, json_wanted=json_wanted)
        return
    back = [f"What ran before is kept as deployment {outcome.before}: caretaker releases"]
    changing.told(outcome, back=back, json_wanted=json_wanted)


def _show(plan: Plan, *, json_wanted: bool) -> None:
    if plan.nothing and not json_wanted:
        click.echo(f"deployment {plan.number} is active already")
    else:
        click.echo(json_line(plan) if json_wanted else plan_told(plan))
    if plan.refusals:
        sys.exit(plan.refusals[0].exit_status)
