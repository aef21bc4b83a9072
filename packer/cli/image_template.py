"""`caretaker image template`: the Packer template, for a cloud's builder or for CI."""

from __future__ import annotations

from pathlib import Path

import click

from agent.host import files
from packer.doors import writable
from packer.golden.template_text import Minimum, render


@click.command()
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="The folder that gets the files.")  # fmt: skip
@click.option("--packer-min", "minimum", type=click.Choice(["1.6", "1.10"]), default="1.6",
              show_default=True, help="The oldest Packer that must read it.")  # fmt: skip
def command(output: Path, *, minimum: Minimum) -> None:
    """Write the template for QEMU, Amazon, Azure and Google into DIR.

    Debian 12's Packer is 1.6.6 and takes the file by its name. From 1.10 on, plugins are apart and
    the folder is named: `packer init DIR`, `packer build DIR`; that one also asks for IMDSv2,
    boot mode, guest features and Secure Boot, which 1.6.6 does not know.

    \b
    caretaker image template --output packer/
    caretaker image template --packer-min 1.10 --output packer/
    """
    with writable(output):
        files.ensure_folder(output)
    for name, text in render(minimum).items():
        with writable(output / name):
            files.replace(output / name, text.encode())
        click.echo(str(output / name))
