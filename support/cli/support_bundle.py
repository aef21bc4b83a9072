"""`caretaker support-bundle`: make one; its subcommands read them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from agent.cli.arguments import DURATION
from agent.errors import UsageError
from agent.layout import Layout
from agent.manifest.kinds import Duration, Size
from support.cli.support_bundle_arguments import MOMENT, SIZE
from support.cli.support_bundle_scene import World, scene_of, world_of

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_PATH = click.Path(path_type=Path)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What stood on the command line; what did not is None or empty."""

    since: float | None
    until: float | None
    case: str
    output: str
    only: tuple[str, ...]
    skip: tuple[str, ...]
    also: tuple[str, ...]
    max_size: Size | None
    max_time: Duration | None
    volume: Size | None
    encrypt_to: Path | None
    no_encrypt: bool
    unredacted: bool
    yes: bool
    resume: bool


class Commands(click.Group):
    """Its subcommands, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from support.cli import support_bundle_commands

        return list(support_bundle_commands.NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from support.cli import support_bundle_commands

        return support_bundle_commands.find(cmd_name)


@click.group(cls=Commands, invoke_without_command=True)
@click.option("--since", type=MOMENT, metavar="TIME", help="Logs from then on: `24h`, or a date.")
@click.option("--until", type=MOMENT, metavar="TIME", help="Logs up to then.")
@click.option("--case", default="", metavar="ID", help="Your ticket; it becomes part of the name.")
@click.option("--output", default="", metavar="DIR", help="Folder for the file; `-` is stdout.")
@click.option("--only", multiple=True, metavar="NAME", help="Just this collector; repeatable.")
@click.option("--skip", multiple=True, metavar="NAME", help="All but this one; repeatable.")
@click.option("--with", "also", multiple=True, metavar="NAME",
              help="Also one that needs your consent, as `crash-dumps`.")  # fmt: skip
@click.option("--max-size", type=SIZE, metavar="SIZE", help="Most the file may take: `50M`.")
@click.option("--max-time", type=DURATION, metavar="TIME", help="Most collecting may take.")
@click.option("--volume", type=SIZE, metavar="SIZE", help="Split into files of this size.")
@click.option("--encrypt-to", type=_PATH, metavar="FILE", help="Public age keys, one a line.")
@click.option("--no-encrypt", is_flag=True, help="In clear, though the image has a key.")
@click.option("--unredacted", is_flag=True, help="Leave every secret and name in; asks first.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--resume", is_flag=True, help="Go on with the one that was interrupted.")
@click.option("--plan", is_flag=True, help="Only say what would be collected, and how much.")
@click.option("--preview", is_flag=True, help="Only show what would be masked; writes nothing.")
@click.option("--rescue/--no-rescue", default=None,
              help="--root is the disk of a VM that does not boot; else found out.")  # fmt: skip
@JSON
@click.pass_context
def command(context: click.Context, /, **words: object) -> None:
    """Make a support bundle: one file for the vendor, offline, with secrets and names masked.

    It works while the application, the agent or the network is down. Passwords, keys and tokens
    are removed; addresses, host and user names, e-mails get pseudonyms that only this machine can
    turn back (`support-bundle reveal`). Nothing is sent: you do that.

    \b
    sudo caretaker support-bundle                      all that is useful, of the last day
    sudo caretaker support-bundle --plan               what would that be?
    sudo caretaker support-bundle --preview            which lines are masked, and how?
    sudo caretaker support-bundle --since 3h --case 4711
    sudo caretaker support-bundle --volume 20M         in pieces that fit a mail
    sudo caretaker --root /mnt support-bundle          of the disk of a VM that does not boot
    ssh HOST sudo caretaker support-bundle --output - > bundle
    caretaker support-bundle verify FILE
    """
    if context.invoked_subcommand is not None:
        return
    plan, preview = bool(words.pop("plan")), bool(words.pop("preview"))
    as_json, rescue = bool(words.pop("as_json")), words.pop("rescue")
    wishes = Wishes(**words)  # type: ignore[arg-type]  # click made them of these types
    _make_sense(wishes)
    layout: Layout = context.obj
    world = world_of(layout, rescue=None if rescue is None else bool(rescue))
    if plan:
        from support.cli.support_bundle_plan import show_plan

        show_plan(world, scene_of(world, wishes.since, wishes.until), wishes, as_json=as_json)
    elif preview:
        from support.cli.support_bundle_preview import show_preview

        show_preview(world, scene_of(world, wishes.since, wishes.until), wishes, as_json=as_json)
    else:
        _make(world, wishes, as_json=as_json)


def _make_sense(wishes: Wishes) -> None:
    """UsageError for what can't be meant together."""
    if wishes.encrypt_to is not None and wishes.no_encrypt:
        raise UsageError("usage", "--encrypt-to and --no-encrypt exclude each other", hint="one")
    if wishes.output == "-" and (wishes.volume or wishes.resume):
        raise UsageError(
            "usage", "a stream has no volumes and is not gone on with", hint="--output DIR"
        )
    if wishes.output == "-" and sys.stdout.isatty():
        raise UsageError("usage", "a bundle is nothing for a terminal", hint="--output - > bundle")
    if wishes.volume is not None and wishes.volume < 64 << 10:
        raise UsageError("usage", "volumes are of 64KiB at least", hint="--volume 20M")
    if wishes.max_size is not None and wishes.max_size < 1 << 20:
        raise UsageError("usage", "a bundle needs 1MiB at least", hint="--max-size 20M")


def _make(world: World, wishes: Wishes, *, as_json: bool) -> None:
    from support.cli.support_bundle_make import make_it

    if wishes.unredacted:
        _ask_twice(yes=wishes.yes)
    status = make_it(world, scene_of(world, wishes.since, wishes.until), wishes, as_json=as_json)
    if status:
        sys.exit(status)


def _ask_twice(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "usage", "--unredacted needs a person to confirm it", hint="--unredacted --yes"
        )
    click.secho("Passwords, keys, tokens, names and addresses will be in it.", fg="red", err=True)
    if click.prompt("Type UNREDACTED to go on", err=True, default="", show_default=False) != (
        "UNREDACTED"
    ):
        raise UsageError("usage", "nothing was made", hint="caretaker support-bundle")
