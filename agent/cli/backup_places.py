"""`caretaker backup connect` and `password`: where backups go, and what unlocks them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.backup import place as places
from agent.backup.create import alone, noted
from agent.backup.repository import open_repository
from agent.cli.backup_scene import scene_for
from agent.cli.saying import count, plain
from agent.errors import MachineError, RefusedError, UsageError
from agent.host import files
from agent.host.accounts import actor_here
from agent.host.failures import FileFailure
from agent.layout import Layout

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("repository")
@click.option("--password-file", type=_FILE, metavar="FILE",
              help="The password of a repository that is there already.")  # fmt: skip
@click.option("--environment-file", type=_FILE, metavar="FILE",
              help="NAME=value lines that a remote place asks for.")  # fmt: skip
@click.pass_obj
def connect(
    layout: Layout, repository: str, *, password_file: Path | None, environment_file: Path | None
) -> None:
    """Send backups to REPOSITORY from now on: a folder, or what restic calls a repository.

    From then on one is made each day. What was in the place before stays there.

    \b
    sudo caretaker backup connect /mnt/backup/shop
    sudo caretaker backup connect s3:s3.amazonaws.com/bucket/shop --environment-file aws.env
    sudo caretaker backup connect /mnt/backup/shop --password-file old-password   a fresh machine
    """
    scene = scene_for(layout, "connect", repository)
    before = _before(scene.layout)
    with noted(scene, "backup-connect", by=actor_here()) as note, alone(scene):
        note.target = shown = places.without_password(repository)
        try:
            for path, given in (
                (places.password_path(scene.layout), password_file),
                (places.environment_path(scene.layout), environment_file),
            ):
                if given is not None:
                    places.bring(scene.layout, path, _content(given))
            places.choose(scene.layout, repository)
            opened = open_repository(scene)
            opened.begin()
            found = open_repository(scene).listed()
        except BaseException:
            _put_back(before)
            raise
        note.why = f"{opened.kind}, {len(found)} there"
    click.echo(f"backups go to {plain(shown)} ({opened.kind}); {count(len(found), 'backup')} there")
    if password_file is None:
        click.echo("keep the password somewhere else: sudo caretaker backup password")


@click.command()
@click.option("--print", "to_pipe", is_flag=True, help="Also where the output is no terminal.")
@click.pass_obj
def password(layout: Layout, *, to_pipe: bool) -> None:
    """Show the password of the backups, to be kept off this machine.

    \b
    sudo caretaker backup password
    """
    scene = scene_for(layout, "password")
    if not (to_pipe or sys.stdout.isatty()):
        raise RefusedError(
            "refused",
            "the output is no terminal; in a file or a log a secret stays for ever",
            hint="caretaker backup password --print",
        )
    key = places.key(scene.layout)
    if not key:
        raise MachineError(
            "secret-missing",
            "there is no password yet; the first backup makes it",
            hint="sudo caretaker backup create",
        )
    with noted(scene, "backup-password", by=actor_here()) as note:
        note.why = "it was shown"
    click.echo(key.decode(errors="replace"))


def _content(path: Path) -> bytes:
    try:
        return files.read_bytes(path.resolve(), cap=1 << 16)
    except (FileNotFoundError, FileFailure) as failure:
        raise UsageError("usage", f"{path}: {failure}", hint=f"ls -l {path}") from failure


def _before(layout: Layout) -> dict[Path, bytes | None]:
    found: dict[Path, bytes | None] = {}
    for path in (
        places.password_path(layout),
        places.environment_path(layout),
        places.choice_file(layout).path,
    ):
        try:
            found[path] = files.read_bytes(path)
        except FileNotFoundError:
            found[path] = None
    return found


def _put_back(before: dict[Path, bytes | None]) -> None:
    """A place that does not open leaves the one before."""
    for path, content in before.items():
        if content is not None:
            files.replace(path, content, mode=0o600)
        else:
            files.remove(path)
