"""`caretaker database`: where the application's database is, and moving it."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from agent.change.request import MoveRequest
from agent.cli import changing
from agent.cli.appliance import manifest_of
from agent.cli.database_url import kept_url, url_of
from agent.cli.saying import json_line, plain, sign, size, span
from agent.layout import Layout
from agent.progress import Silent
from agent.remedies.remedy import Scene
from agent.remedies.scene import open_scene

JSON = click.option("--json", "json_wanted", is_flag=True, help="Print JSON.")
CA = click.option("--ca", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
                  help="Authorities that vouch for the server; else the system's.")  # fmt: skip
TO = click.option("--to", required=True, metavar="URL",
                  help="postgresql://USER:PASSWORD@HOST/NAME; `-`: from the input.")  # fmt: skip
_UNSUITABLE = 4


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Show where the database is, judge another server, move it there or back.

    \b
    caretaker database status
    caretaker database check --to postgresql://shop@db.example/shop --ca db-ca.pem
    sudo caretaker database move --to - --yes < url.txt
    sudo caretaker database move --to bundled
    """
    if context.invoked_subcommand is None:
        context.invoke(status)


@command.command()
@JSON
@click.pass_obj
def status(layout: Layout, *, json_wanted: bool = False) -> None:
    """Show where the database is, how large and how busy.

    \b
    sudo caretaker database status
    sudo caretaker database status --json | jq .size
    """
    from agent.database.status import status_of

    told = status_of(_scene(layout))
    if json_wanted:
        click.echo(json_line(told))
        return
    rows = [
        ("placement", told.placement),
        ("address", f"{told.address}, as {told.user}"),
        ("version", f"PostgreSQL {told.version}"),
        ("size", size(told.size)),
        ("connections", f"{told.connections} of {told.connections_max}, {told.ours} of them ours"),
        ("extensions", ", ".join(told.extensions)),
        ("encryption", "TLS" if told.encrypted else "none; it does not leave this machine"),
        ("oldest work", span(told.oldest_transaction)),
        ("standby lag", "" if told.lag is None else span(told.lag)),
        ("writes", "refused: it is fenced" if told.fenced or told.standby else ""),
    ]
    for label, value in rows:
        if value:
            click.echo(f"{label:<12} {plain(value)}")


@command.command()
@TO
@CA
@JSON
@click.pass_obj
def check(layout: Layout, *, to: str, ca: str | None, json_wanted: bool) -> None:
    """Say whether a server can take the database, with what its administrator must do if not.

    Nothing is changed there. Ends with 4 where it can't.

    \b
    sudo caretaker database check --to postgresql://shop@db.example/shop --ca db-ca.pem
    """
    from agent.database.live import live, refuse_without, whole_manifest
    from agent.database.needs import needs_of
    from agent.database.reach import place_of
    from agent.database.suitability import judge

    scene = _scene(layout)
    manifest = whole_manifest(scene)
    refuse_without(manifest)
    place = place_of(url_of(to), ca=ca or "")
    with live(scene) as opened:
        needs = needs_of(opened, opened.info.user)
    found = judge(place, needs, manifest)
    if json_wanted:
        click.echo(json_line({"ok": found.ok, "findings": found.findings}))
    else:
        for each in found.findings:
            click.echo(f"{sign(each.status)} {each.name:<12} {plain(each.summary)}")
            if each.cure and each.status != "pass":
                click.echo(f"    {plain(each.cure)}")
    if not found.ok:
        sys.exit(_UNSUITABLE)


@command.command()
@TO
@CA
@click.option("--plan", "plan_only", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON, one object a line.")
@click.pass_obj
def move(
    layout: Layout, *, to: str, ca: str | None, plan_only: bool, yes: bool, json_wanted: bool
) -> None:
    """Move the database to another server, or back: `--to bundled`.

    The application stops, the database is copied, every table is counted and hashed on both ends,
    and the application starts with the new one. Where it is not healthy then, the old one comes
    back. The old database stays as it is, read-only, for `caretaker rollback`.

    A password in an argument can be read by every user of the machine while this runs: with
    `--to -` the URL is read from the input, so nobody can be asked there: `--yes`.

    \b
    sudo caretaker database move --to - --ca db-ca.pem --plan < url.txt
    sudo caretaker database move --to - --ca db-ca.pem --yes < url.txt
    sudo caretaker database move --to bundled
    """
    from agent.database.move import BUNDLED, prepare_move
    from agent.database.status import status_of

    changing.only_who_may(layout, ["database move --to", "-" if to != BUNDLED else to])
    scene = _scene(layout)
    url = to if to == BUNDLED else url_of(to)
    asked = url if url == BUNDLED else kept_url(scene.layout, url, ca or "", keep=not plan_only)
    judged = _Noted()
    change = prepare_move(scene, MoveRequest(to=asked), judged)
    if plan_only or not json_wanted:
        _plan(change.title, status_of(scene).size, judged.notes, json_wanted=json_wanted)
    if plan_only:
        return
    if not yes:
        words = ["database move --to", "bundled" if url == BUNDLED else "-"]
        words += ["--ca", ca] if ca else []
        changing.somebody_there(layout, json_wanted=json_wanted, words=words)
        changing.agreed("Move it now?")
    outcome = changing.make(scene.layout, MoveRequest(to=asked), json_wanted=json_wanted)
    if outcome is None:
        changing.nothing_told("there is nothing to move", json_wanted=json_wanted)
        return
    grace = float(scene.manifest.upgrade.grace)
    back = changing.way_back(layout, outcome.before, grace)
    changing.told(outcome, back=back, json_wanted=json_wanted)


class _Noted(Silent):
    """Keeps what was noted, such as what only has to be known of the server."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def _plan(title: str, large: int, notes: list[str], *, json_wanted: bool) -> None:
    steps = (
        "judge both ends",
        "stop the application",
        "clone the other data",
        f"copy the database, {size(large)}, into a new one",
        "count and hash every table on both ends",
        "change over, start, and see that it is healthy",
        "keep the old database, read-only, for the way back",
    )
    if json_wanted:
        click.echo(json_line({"title": title, "size": large, "steps": steps, "notes": notes}))
        return
    click.secho(plain(title), bold=True)
    for number, step in enumerate(steps, 1):
        click.echo(f"{number:3}  {step}")
    for note in notes:
        click.echo(f"  {plain(note)}")


def _scene(layout: Layout) -> Scene:
    manifest, layout = manifest_of(layout)
    scene = open_scene(manifest, layout)
    return replace(scene, layout=layout)
