"""`caretaker redact`: secrets and names out of a text, or out of every file of a folder.

Owns the command line and its words. Refuses the work; it stands in `redact_run`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from agent.cli.appliance import manifest_of
from agent.cli.saying import count, json_line, plain
from agent.errors import CaretakerError, MachineError
from agent.host import core_dumps, files
from agent.host.failures import HostFailure
from agent.layout import Layout
from agent.manifest.model import Manifest
from support.cli import redact_run
from support.cli.redact_run import Wish
from support.redact.engine import Choice
from support.redact.whole_folder import Outcome


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path), metavar="[IN_DIR")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="OUT_DIR]")
@click.option("--root", type=click.Path(file_okay=False, exists=True, path_type=Path),
              metavar="DIR", help="The machine whose secrets and names are known.")  # fmt: skip
@click.option("--name", default="", metavar="NAME", help="File name of standard input.")
@click.option("--engine", type=click.Choice(["auto", "hyperscan", "plain"]), default="auto",
              show_default=True, help="All give the same result; `plain` is slower.")  # fmt: skip
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The key of the pseudonyms; made where there is none.")  # fmt: skip
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write counts by file and rule there, as JSON.")  # fmt: skip
@click.option(
    "--prepare", is_flag=True, help="Only compile the rules, so that later runs begin sooner."
)
@click.option("--json", "json_wanted", is_flag=True, help="Say how it went as JSON.")
@click.pass_obj
def command(
    layout: Layout,
    source: Path | None,
    target: Path | None,
    root: Path | None,
    name: str,
    engine: Choice,
    key: Path | None,
    report: Path | None,
    *,
    prepare: bool,
    json_wanted: bool,
) -> None:
    """Take secrets out of a text, and put pseudonyms for addresses, hosts and people.

    Standard input is redacted to standard output; or each file of IN_DIR into OUT_DIR, which must
    be empty or not there. Packed logs (.gz, .xz, .zst, .bz2) come out unpacked. Secrets that this
    machine is known to have go wherever they stand. The same name gets the same pseudonym every
    time, by a key that stays here; `caretaker support-bundle reveal` turns one back.

    \b
    caretaker redact < app.log > app.clean.log
    caretaker redact --name settings.yaml < settings.yaml
    caretaker redact /var/log/shop /tmp/for-support
    caretaker redact --root /mnt /mnt/var/log /tmp/for-support
    """
    core_dumps.hide()
    layout, manifest = _appliance(replace(layout, root=root.resolve()) if root else layout)
    if prepare:
        redact_run.prepare(layout)
        return
    wish = Wish(engine, name, key)
    if source is None:
        if sys.stdin.isatty():
            raise click.UsageError("there is nothing on standard input")
        outcome = redact_run.stream(layout, manifest, wish)
    elif target is None:
        raise click.UsageError("name the folder to write to, too")
    else:
        outcome = redact_run.folder(layout, manifest, wish, source, target)
    _tell(outcome, report, json_wanted=json_wanted, to_error=source is None)


def _appliance(layout: Layout) -> tuple[Layout, Manifest | None]:
    try:
        manifest, layout = manifest_of(layout)
    except CaretakerError:
        return layout, None  # Texts of a machine without Caretaker, or with a broken manifest.
    return layout, manifest


def _tell(outcome: Outcome, report: Path | None, *, json_wanted: bool, to_error: bool) -> None:
    total = dict(sorted(outcome.total.items()))
    said = {"files": outcome.counts, "left_out": outcome.left, "total": total}
    if report is not None:
        try:
            files.replace(report.absolute(), json_line(said).encode() + b"\n", mode=0o600)
        except HostFailure as error:
            raise MachineError("file-unwritable", str(error)) from error
    if json_wanted:
        click.echo(json_line(said), err=to_error)
    elif not to_error:
        replaced = count(sum(total.values()), "place")
        click.echo(f"{count(len(outcome.counts), 'file')} redacted, {replaced} replaced")
        for name, why in outcome.left.items():
            click.echo(f"  left out: {plain(name)}: {plain(why)}")
