"""`caretaker preflight`: whether an upgrade could begin, and what to do first."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli.appliance import manifest_of
from agent.cli.saying import count, json_line, plain, sign
from agent.errors import MachineError
from agent.findings import Status
from agent.layout import Layout
from agent.preflight.upgrade import Line, lines, look, look_at_bundle
from agent.remedies.scene import open_scene


@click.command()
@click.argument("bundle", required=False, metavar="[FILE]",
                type=click.Path(path_type=Path, dir_okay=False, exists=True))  # fmt: skip
@click.option("--set", "answers", multiple=True, metavar="NAME=ANSWER",
              help="Answer a question that the release asks.")  # fmt: skip
@click.option("--older", is_flag=True, help="An older release is meant.")
@click.option("--expired", is_flag=True, help="One whose signatures ended is meant.")
@click.option("--all", "everything", is_flag=True, help="Also what is well.")
@click.option("--json", "as_json", is_flag=True, help="Print every check as JSON.")
@click.pass_obj
def command(
    layout: Layout,
    *,
    bundle: Path | None,
    answers: tuple[str, ...],
    older: bool,
    expired: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Say whether an upgrade could begin, and what to do first. Changes nothing.

    With the FILE of a release also whether that release may follow what runs. A failure exits
    with 4; a warning is worth a look. `caretaker upgrade` looks at the same by itself.

    \b
    sudo caretaker preflight
    sudo caretaker preflight shop-2.0.bundle
    sudo caretaker preflight --json | jq '.checks[] | select(.status == "fail")'
    """
    manifest, layout = manifest_of(layout)
    scene = open_scene(manifest, layout)
    given = dict(each.partition("=")[::2] for each in answers)
    results = (
        look_at_bundle(scene, bundle, answers=given, older=older, expired=expired)
        if bundle
        else look(scene)
    )
    found = lines(results)
    bad = sum(1 for each in found if each.status is Status.FAIL)
    if as_json:
        click.echo(json_line({"ok": not bad, "checks": found}))
    else:
        _show(found, everything=everything)
    if bad:
        sys.exit(MachineError.exit_status)


def _show(found: list[Line], *, everything: bool) -> None:
    for each in found:
        if each.status is Status.PASS and not everything:
            continue
        click.echo(f"{sign(each.status)} {each.title}: {plain(each.summary)}")
        if each.cure:
            click.echo(f"    {plain(each.cure)}")
    bad = sum(1 for each in found if each.status is Status.FAIL)
    notes = sum(1 for each in found if each.status is Status.WARN)
    well = len(found) - bad - notes
    words = [f"{well} of {count(len(found), 'check')} passed"]
    words += [f"{notes} worth a look"] if notes else []
    words += [click.style(f"{count(bad, 'failure')}: nothing can begin", fg="red")] if bad else []
    click.echo(", ".join(words))
