"""`caretaker image list`: which images there are, how far each got, how old it is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from agent.cli.saying import json_line, plain, span
from agent.host.clock import Clock
from packer.catalogue.entry import OLD, Entry
from packer.catalogue.store import Catalogue, place

CATALOGUE = click.option(
    "--catalogue", type=click.Path(path_type=Path), default=place, metavar="FILE",
    show_default="$CARETAKER_CATALOGUE, or the machine's", help="The catalogue's file.",
)  # fmt: skip


@click.command()
@CATALOGUE
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(catalogue: Path, *, as_json: bool) -> None:
    """List the images that were built, the newest first.

    One that is older than 90 days is flagged: packages in it have known holes by then, and
    marketplaces scan what they list again and again.

    \b
    caretaker image list
    caretaker image list --json | jq 'select(.stage == "prod")'
    """
    now = Clock().wall()
    entries = Catalogue(catalogue).listed()
    for entry in entries:
        click.echo(json_line(told(entry, now)) if as_json else _line(entry, now))
    if not entries and not as_json:
        click.echo(f"nothing was built yet ({plain(str(catalogue))}); caretaker image add OUT "
                   "takes in what was built elsewhere")  # fmt: skip


def told(entry: Entry, now: float) -> dict[str, str | int | bool]:
    record = entry.record
    return {
        "id": record.id,
        "application": record.application,
        "version": record.version,
        "architecture": record.architecture,
        "stage": entry.stage,
        "draft": record.draft,
        "begun": record.begun,
        "old": is_old(entry, now),
        "commit": record.commit,
        "folder": entry.folder,
    }


def age(entry: Entry, now: float) -> float:
    """Seconds since it was begun; 0 where the record's time makes no sense."""
    try:
        return max(0.0, now - datetime.fromisoformat(entry.record.begun).timestamp())
    except (ValueError, OverflowError):
        return 0.0


def is_old(entry: Entry, now: float) -> bool:
    return age(entry, now) > OLD


def _line(entry: Entry, now: float) -> str:
    record = entry.record
    words = f"{record.id[:12]}  {entry.stage:<6}  {record.application} {record.version}"
    words += f" {record.architecture}, {span(age(entry, now))} old"
    words += ", a draft" if record.draft else ""
    return plain(words) + (click.style("  older than 90 days", fg="yellow")
                           if is_old(entry, now) else "")  # fmt: skip
