"""`caretaker image promote`: the signed word that an image may go on."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.saying import json_line, plain
from agent.host.clock import Clock
from packer.catalogue import promoting
from packer.catalogue.entry import STAGES, Stage
from packer.catalogue.store import Catalogue
from packer.cli.image_list import CATALOGUE, is_old
from packer.cli.image_sign import KEY, asking
from packer.signing.opening import open_signer


@click.command()
@click.argument("build", metavar="ID")
@click.argument("stage", type=click.Choice(STAGES[1:]))
@KEY
@passphrases.OPTION
@click.option("--why", default="", metavar="TEXT", help="What speaks for it; kept and signed.")
@CATALOGUE
@click.option("--json", "as_json", is_flag=True, help="Print the signed statement as JSON.")
def command(
    build: str, stage: Stage, *, said: str, files: tuple[Path, ...], why: str, catalogue: Path,
    as_json: bool,
) -> None:  # fmt: skip
    """Promote the image ID to qa, then to prod. Exit status 7 where something speaks against it.

    Every file of the build is compared with its record, whose signature must be of the same key;
    the certification must have passed and be about this disk, and a scan must be there. What was
    promoted before must be signed by the same key. An image older than 90 days is told of, not
    refused.

    \b
    caretaker image promote 4f3a qa --key image.key
    caretaker image promote 4f3a prod --key image.key --why "release board, 21 November"
    """
    store = Catalogue(catalogue)
    entry = store.find(build)
    signer = open_signer(said, asking(files))
    now = Clock().wall()
    signed = promoting.promote(entry, stage, signer, now=now, who=getpass.getuser(), why=why[:500])
    store.promoted(signed)
    if is_old(entry, now):
        click.echo("note: it is older than 90 days; what was mended since is not in it", err=True)
    if as_json:
        click.echo(json_line({"promotion": signed.promotion, "key": signed.key}))
        return
    click.echo(f"{plain(entry.record.application)} {plain(entry.record.version)} "
               f"({plain(entry.record.id[:12])}) is at {stage}")  # fmt: skip
