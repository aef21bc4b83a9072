"""`caretaker backup`: make, list, verify, export, restore and remove backups."""

from __future__ import annotations

from pathlib import Path

import click

from agent.backup import place as places
from agent.backup.create import alone, create, noted
from agent.backup.prune import prune, would_go
from agent.backup.record import Kept
from agent.backup.repository import open_repository
from agent.backup.restore import find_backup
from agent.cli.backup_places import connect, password
from agent.cli.backup_restore import restore
from agent.cli.backup_scene import JSON, scene_for
from agent.cli.progress import watching
from agent.cli.saying import count, json_line, moment, plain, size
from agent.errors import MachineError, UsageError
from agent.host.accounts import actor_here
from agent.layout import Layout


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Make backups, list them, read them back, restore.

    A backup holds the application's data as of one moment, its database, settings and secrets.
    Where restic is installed it is deduplicated and encrypted, else a file a day.

    \b
    caretaker backup                                what is there?
    sudo caretaker backup connect /mnt/backup       where shall they go? daily from then on
    sudo caretaker backup password                  keep this somewhere else: no password, no data
    sudo caretaker backup create                    one now
    sudo caretaker backup restore latest            put it in use; what runs now stays at hand
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("create")
@click.option("--prune", "prune_too", is_flag=True, help="Then remove what need not be kept.")
@JSON
@click.pass_obj
def create_(layout: Layout, *, prune_too: bool, as_json: bool) -> None:
    """Make a backup now, while the application runs.

    \b
    sudo caretaker backup create
    sudo caretaker backup create --prune --json
    """
    scene = scene_for(layout, "create")
    fresh = not places.password_path(scene.layout).is_file()
    with watching(json_wanted=as_json) as progress:
        made = create(scene, progress, by=actor_here())
        if prune_too:
            prune(scene, by=actor_here(), progress=progress)
    if as_json:
        click.echo(json_line(made))
        return
    click.echo(f"{made.record.id}: {made.told}")
    click.echo(f"  it is in {plain(made.repository)}")
    for path in made.record.unsteady:
        click.echo(f"  {plain(path)} changed under every try to read it")
    if fresh:
        click.echo("  its password was made: without it nothing can be restored once this machine")
        click.echo("  is lost. Keep it somewhere else: sudo caretaker backup password")


@command.command("list")
@JSON
@click.pass_obj
def list_(layout: Layout, *, as_json: bool = False) -> None:
    """List the backups, oldest first."""
    scene = scene_for(layout, "list")
    repository = open_repository(scene)
    listed = repository.listed()
    for each in listed:
        click.echo(json_line(each) if as_json else _line(each))
    if not as_json:
        where = plain(repository.where.shown)
        click.echo(f"{count(len(listed), 'backup')} in {where} ({repository.kind})")


@command.command()
@click.option("--full", is_flag=True, help="Every byte, not a sample.")
@JSON
@click.pass_obj
def verify(layout: Layout, *, full: bool, as_json: bool) -> None:
    """Read backups back and hold them to their sums.

    \b
    sudo caretaker backup verify          a tenth of it, or the newest one
    sudo caretaker backup verify --full   all of it
    """
    scene = scene_for(layout, "verify")
    words = "everything" if full else "a sample"
    with (
        watching(json_wanted=as_json) as progress,
        noted(scene, "backup-verify", by=actor_here()) as note,
        alone(scene),
    ):
        problems = open_repository(scene).check(progress, full=full)
        if problems:
            raise MachineError(
                "backup-failed",
                "\n".join(["backups are damaged:", *problems]),
                hint="sudo caretaker backup create  # and look at the disk",
            )
        note.why = f"{words} was read back and is sound"
    click.echo(json_line({"sound": True, "full": full}) if as_json else f"sound: {words} was read")


@command.command("prune")
@click.option("--dry-run", "dry", is_flag=True, help="Only say which would go.")
@JSON
@click.pass_obj
def prune_(layout: Layout, *, dry: bool, as_json: bool) -> None:
    """Remove backups that the manifest's daily, weekly and monthly do not keep.

    The newest whole one never goes.

    \b
    sudo caretaker backup prune --dry-run
    """
    scene = scene_for(layout, "prune")
    if dry:
        gone = would_go(scene)
    else:
        with watching(json_wanted=as_json) as progress:
            gone = prune(scene, by=actor_here(), progress=progress)
    for each in gone:
        click.echo(json_line(each) if as_json else _line(each))
    if not as_json:
        click.echo(f"{count(len(gone), 'backup')} {'would go' if dry else 'removed'}")


@command.command()
@click.argument("backup")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
              metavar="FILE", help="The file to make: NAME.tar.zst.")  # fmt: skip
@JSON
@click.pass_obj
def export(layout: Layout, backup: str, *, output: Path, as_json: bool) -> None:
    """Write BACKUP (an id, or `latest`) as one file that restores without Caretaker.

    tar and zstd are all it takes; a README inside says how. The file is not encrypted and holds
    the application's secrets.

    \b
    sudo caretaker backup export latest --output shop.tar.zst
    zstd -d -c shop.tar.zst | tar -x -p -C restored
    """
    scene = scene_for(layout, "export", backup)
    if output.exists():
        raise UsageError("usage", f"{output} is there already", hint="choose another name")
    with (
        watching(json_wanted=as_json) as progress,
        noted(scene, "backup-export", by=actor_here()) as note,
        alone(scene),
    ):
        kept = find_backup(scene, backup)
        note.target, note.why = kept.id, f"to {output}"
        progress.step("export", f"write {output}")
        open_repository(scene).export(kept, output.absolute(), progress)
    if as_json:
        click.echo(json_line({"id": kept.id, "file": str(output), "size": output.stat().st_size}))
    else:
        click.echo(f"{kept.id}: {size(output.stat().st_size)} in {output}; there are secrets in it")


def _line(kept: Kept) -> str:
    stored = f", {size(kept.stored)} stored" if kept.stored else ""
    return (
        f"{kept.id}  {moment(kept.created)}  {plain(kept.version)} on {plain(kept.host)}"
        f"  {size(kept.size)}{stored}"
    )


command.add_command(connect)
command.add_command(password)
command.add_command(restore)
