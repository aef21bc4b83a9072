"""`caretaker remedies`: what mends itself, what it would do, and doing it now."""

from __future__ import annotations

import sys

import click

from agent.cli.appliance import manifest_of
from agent.cli.arguments import DURATION
from agent.cli.remedies_screen import (
    as_json,
    deeds_told,
    history_told,
    list_told,
    listed,
)
from agent.errors import RefusedError, UsageError
from agent.host import permissions
from agent.host.accounts import actor_here, is_root
from agent.layout import Layout
from agent.manifest.kinds import Duration
from agent.manifest.model import Manifest
from agent.manifest.suggest import suggestion
from agent.remedies import mend
from agent.remedies.declared import all_remedies
from agent.remedies.deed import exit_status
from agent.remedies.memory import open_book
from agent.remedies.remedy import Remedy
from agent.remedies.round import Asker
from agent.remedies.scene import open_scene

JSON = click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object a line.")


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show what mends itself here, plan it, run it now, or end its safe mode.

    A remedy runs by itself when a check finds what it cures, and at boot. It acts a few times
    within a while, ever more slowly where that does not help; then it stops, which is its safe
    mode, and a person looks. `plan` and `run` on your word ignore pauses and safe mode.

    \b
    caretaker remedies                       what there is, and how it stands
    caretaker remedies plan                  what is wrong, and what would be done
    caretaker remedies run locks             do it now
    caretaker remedies reset locks           out of safe mode
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@JSON
@click.pass_obj
def list_(layout: Layout, *, json_wanted: bool = False) -> None:
    """Show every remedy, whether it runs by itself, and what is in safe mode."""
    manifest, layout = manifest_of(layout)
    scene = open_scene(manifest, layout)
    book = open_book(layout, scene.host.clock, dry=True)
    rows = listed(all_remedies(manifest), manifest, book.memory)
    click.echo(as_json(rows) if json_wanted else list_told(rows), nl=bool(rows))


@command.command()
@click.argument("name", required=False, default="")
@click.argument("target", required=False, default="")
@JSON
@click.pass_obj
def plan(layout: Layout, name: str, target: str, *, json_wanted: bool) -> None:
    """Say what is wrong and what a run would do. Changes nothing.

    Exit status 0: nothing is wrong, or all of it can be mended; 7: something needs a person.
    """
    manifest, layout = manifest_of(layout)
    _only_who_may(layout, "plan", name, target)
    asker = Asker(actor_here(), person=True, target=target)
    deeds = mend.plan(_chosen(manifest, name), open_scene(manifest, layout), asker)
    click.echo(as_json(deeds) if json_wanted else deeds_told(deeds), nl=bool(deeds))
    sys.exit(exit_status(deeds))


@command.command()
@click.argument("name", required=True)
@click.argument("target", required=False, default="")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@JSON
@click.pass_context
def run(
    context: click.Context, name: str, target: str, *, dry_run: bool, json_wanted: bool
) -> None:
    """Run the remedy NAME now, on TARGET or on all that is wrong; a cure ends its safe mode.

    Exit status 0: nothing is wrong any more; 4: an act broke off; 6: still wrong; 7: needs you.

    \b
    sudo caretaker remedies run locks
    sudo caretaker remedies run locks db --dry-run
    """
    if dry_run:
        context.invoke(plan, name=name, target=target, json_wanted=json_wanted)
    _safe_as_root(context.obj)
    manifest, layout = manifest_of(context.obj)
    _only_who_may(layout, "run", name, target)
    asker = Asker(actor_here(), person=True, target=target)
    deeds = mend.run(_chosen(manifest, name), open_scene(manifest, layout), asker)
    click.echo(as_json(deeds) if json_wanted else deeds_told(deeds), nl=bool(deeds))
    sys.exit(exit_status(deeds))


@command.command()
@click.option("--limit", type=click.IntRange(1, 20_000), default=30, show_default=True,
              metavar="N", help="Newest N entries.")  # fmt: skip
@click.option("--since", type=DURATION, metavar="TIME", help="Only the last TIME (`24h`).")
@JSON
@click.pass_obj
def history(layout: Layout, *, limit: int, since: Duration | None, json_wanted: bool) -> None:
    """Show what remedies did, oldest first, with what was wrong before and after."""
    _, layout = manifest_of(layout)
    click.echo(history_told(layout, limit=limit, since=since, json_wanted=json_wanted), nl=False)


@command.command()
@click.argument("name", required=False, default="")
@click.argument("target", required=False, default="")
@JSON
@click.pass_obj
def reset(layout: Layout, name: str, target: str, *, json_wanted: bool) -> None:
    """End safe mode, and begin to count anew: of all, of the remedy NAME, or of one TARGET.

    See first why it stopped: `caretaker remedies history`.
    """
    _safe_as_root(layout)
    manifest, layout = manifest_of(layout)
    _chosen(manifest, name)
    _only_who_may(layout, "reset", name, target)
    freed = mend.reset(open_scene(manifest, layout), name, target, actor=actor_here())
    if json_wanted:
        click.echo(as_json([{"remedy": remedy, "target": each} for remedy, each in freed]))
        return
    for remedy, each in freed:
        click.echo(f"{remedy} {each}: out of safe mode; it acts again when something is wrong")
    if not freed:
        click.echo("nothing was in safe mode; counting begins anew")


def _only_who_may(layout: Layout, *words: str) -> None:
    """On a VM, root. Who can't see all of it would take what he may not read for broken.

    Raises RefusedError.
    """
    if not layout.embedded and not is_root():
        hint = " ".join(["sudo caretaker remedies", *filter(None, words)])
        raise RefusedError("refused", "remedies see to the whole machine as root", hint=hint)


def _safe_as_root(layout: Layout) -> None:
    """Root must not run what another user's manifest says. Raises UsageError."""
    why = permissions.why_not_as_root(layout.root)
    if why:
        raise UsageError("file-unsafe", why, hint="run it as the user who owns the folder")


def _chosen(manifest: Manifest, name: str) -> list[Remedy]:
    """The remedy of that name, or all for none. Raises UsageError."""
    found = all_remedies(manifest)
    names = [each.name for each in found]
    if name and name not in names:
        near = suggestion(name, names)
        raise UsageError("usage", f"there is no remedy {name!r}{near}", hint="caretaker remedies")
    return [each for each in found if name in ("", each.name)]
