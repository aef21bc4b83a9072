"""`caretaker support-bundle open`: a bundle's files in a folder."""

from __future__ import annotations

from pathlib import Path

import click

from support.bundle.unpacked import unpack
from support.cli.support_bundle_verify import FILE, IDENTITY, KEY, keys_in, told


@click.command("open")
@FILE
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@IDENTITY
@KEY
def open_(file: Path, folder: Path, *, identity_file: Path | None, key: str) -> None:
    """Verify FILE and unpack it into the new folder DIR.

    DIR is there only if all is well: what was changed on the way never gets a name.

    \b
    caretaker support-bundle open FILE case-4711 --identity vendor.key
    """
    checked = unpack(file, folder.absolute(), keys_in(identity_file), key=key)
    for line in told(checked, pinned=bool(key)):
        click.echo(line)
    click.echo(f"  in {folder}; begin with {folder / 'report.html'}")
