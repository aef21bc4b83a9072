"""`caretaker image add`: a build made elsewhere, into the catalogue here."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.saying import plain
from agent.errors import UsageError
from agent.host import files
from packer.catalogue.store import Catalogue
from packer.cli.image_list import CATALOGUE
from packer.doors import readable
from packer.golden.record import CAP, NAME


@click.command()
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@CATALOGUE
def command(folder: Path, catalogue: Path) -> None:
    """Take the build in OUT, a folder that `caretaker image build` filled, into the catalogue.

    A build is added by itself where it is made; this is for one that came from CI.

    \b
    caretaker image add out/
    """
    path = folder.resolve() / NAME
    with readable(path):
        try:
            content = files.read_bytes(path, cap=CAP)
        except FileNotFoundError:
            raise UsageError("usage", f"there is no {NAME} in {folder}",
                             hint="caretaker image build DIR --output OUT") from None  # fmt: skip
    record = Catalogue(catalogue).add(content, folder.resolve())
    click.echo(f"{plain(record.application)} {plain(record.version)}: {record.id[:12]}")
