"""`caretaker image add`: a build made elsewhere, into the catalogue here."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.saying import json_line, plain
from agent.errors import UsageError
from agent.host import files
from agent.host.clock import Clock
from packer.catalogue.store import Catalogue
from packer.cli.image_list import CATALOGUE, told
from packer.doors import readable
from packer.golden.record import CAP, NAME


@click.command()
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@CATALOGUE
@click.option("--json", "as_json", is_flag=True, help="Print what `image list --json` does of it.")
def command(folder: Path, catalogue: Path, *, as_json: bool) -> None:
    """Take the build in OUT, a folder that `caretaker image build` filled, into the catalogue.

    A build is added by itself where it is made; this is for one that came from CI, and for one
    whose folder was moved. Nothing is verified yet: `caretaker image show ID --key PUB`.

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
    store = Catalogue(catalogue)
    record = store.add(content, folder.resolve())
    if as_json:
        click.echo(json_line(told(store.find(record.id), Clock().wall())))
        return
    words = f"{record.application} {record.version}: {record.id[:12]}, in {folder.resolve()}"
    click.echo(plain(words))
