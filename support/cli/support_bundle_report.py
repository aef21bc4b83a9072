"""`caretaker support-bundle report`: a bundle as one page for people, made anew."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli.saying import plain, size
from agent.errors import MachineError, UsageError
from agent.host import open_new
from agent.host.failures import FileFailure
from support.cli.support_bundle_verify import IDENTITY, KEY, keys_in

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", metavar="FILE", type=_PATH)
@click.option("--output", type=_PATH, metavar="HTML", help="File to make; `-` is stdout.")
@click.option("--with", "looks", type=_PATH, metavar="TOML",
              help="Also the [look.NAME] tables of this file.")  # fmt: skip
@IDENTITY
@KEY
def report(
    file: Path, *, output: Path | None, looks: Path | None, identity_file: Path | None, key: str
) -> None:
    """Make one HTML page of FILE: what is wrong, what happened, plots, what was collected.

    The bundle holds such a page already (`report.html`); this one is made with today's analysers.
    It needs no network and fetches nothing.

    \b
    caretaker support-bundle report FILE --output case-4711.html
    """
    from support.report.page import render
    from support.report.studied import looks_in, studied

    target = output or Path(f"{file.name.partition('.')[0] or 'support'}-report.html")
    if str(target) != "-" and target.exists():
        raise UsageError("usage", f"{target} is there already", hint="--output another.html")
    newer = looks_in(looks) if looks else {}
    found = studied(file, keys_in(identity_file), key=key, newer=newer)
    study = found.study
    page = render(
        found.manifest, study.judgements(), study.timeline(), study.samples(), study.facts()
    )
    for note in found.notes:
        click.echo(f"note: {plain(note)}", err=True)
    if str(target) == "-":
        sys.stdout.buffer.write(page)
        return
    try:
        # Names in it are pseudonyms, what is wrong with a customer's machine is not for all.
        open_new.write(target, page, mode=0o600)
    except FileFailure as error:
        hint = "--output in a folder you may write to"
        raise MachineError("file-unwritable", str(error), hint=hint) from error
    click.echo(f"{target}: {size(len(page))}; open it in any browser")
