"""`caretaker backup restore`: a backup's data in use, by one flip; what ran stays at hand."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.backup.record import BackupRecord
from agent.backup.repository import open_repository
from agent.backup.restore import find_backup, judge
from agent.change.ask import ask_for
from agent.change.request import RestoreRequest
from agent.cli.backup_scene import JSON, scene_for
from agent.cli.progress import watching
from agent.cli.saying import json_line, moment, plain, size, span
from agent.deployment import Deployments
from agent.errors import UsageError
from agent.layout import Layout
from agent.remedies.remedy import Scene


@click.command()
@click.argument("backup", default="")
@click.option("--from", "source", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="An exported file, also another machine's.")  # fmt: skip
@click.option("--unsealed", is_flag=True, help="Trust FILE though another password sealed it.")
@click.option("--plan", is_flag=True, help="Only say what would happen.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@JSON
@click.pass_obj
def restore(
    layout: Layout,
    backup: str,
    *,
    source: Path | None,
    unsealed: bool,
    plan: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Put the data of BACKUP (an id, or `latest`) in use.

    It is fetched and verified while the application runs; then that is stopped, the data is
    changed over in one step, and the application must get healthy, else the data of before comes
    back. The data of before stays: `caretaker rollback` goes back to it.

    \b
    sudo caretaker backup restore latest --plan
    sudo caretaker backup restore 20261121-080000-a1b2c3
    sudo caretaker backup restore --from shop.tar.zst
    """
    if bool(backup) == (source is not None):
        raise UsageError(
            "usage", "name a backup, or a file with --from", hint="caretaker backup list"
        )
    scene = scene_for(layout, "restore", backup or "--from FILE")
    if backup:
        told, line = _of_backup(scene, backup)
        backup = told.id
    else:
        line = f"restore {source}"
    if plan:
        click.echo(json_line({"plan": line}) if as_json else line)
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(
                "usage",
                "nobody is there to be asked whether the data shall be replaced",
                hint=f"caretaker backup restore {backup or f'--from {source}'} --yes",
            )
        click.echo(line)
        click.confirm("Put it in use?", abort=True)
    file = str(source.resolve()) if source is not None else ""
    request = RestoreRequest(backup=backup, source=file, unsealed=unsealed)
    with watching(json_wanted=as_json) as progress:
        outcome = ask_for(request, scene.layout, progress=progress, host=scene.host)
    if as_json:
        click.echo(json_line(outcome))
        return
    if outcome is None:
        return
    click.echo(
        f"restored: deployment {outcome.deployment} runs; it was down for {outcome.downtime:.1f} s"
    )
    click.echo("  the data of before is kept: caretaker rollback")


def _of_backup(scene: Scene, name: str) -> tuple[BackupRecord, str]:
    """The record, and what would happen, in words. RefusedError where it can't be."""
    active = Deployments(scene.layout, scene.host.clock).active()
    record = open_repository(scene).record(find_backup(scene, name))
    behind = judge(scene, active, record) if active is not None else False
    lost = span(scene.host.clock.wall() - record.created)
    words = [
        f"backup {record.id} of {plain(record.version)}, made {moment(record.created)}",
        f"  {size(record.size)} are fetched and verified first",
        *(["  its data is then migrated to the version that runs"] if behind else []),
        "  the application stops, changes over and must get healthy, else all is as before",
        f"  what was written since, {lost}, stays in the data of before, which is kept",
    ]
    return record, "\n".join(words)
