"""`caretaker init`: a commented manifest to start from. It asks nothing."""

from __future__ import annotations

from pathlib import Path

import click

from agent.errors import MachineError, UsageError
from agent.host import files
from agent.host.failures import FileFailure
from agent.manifest.starter import STARTER


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
def command(folder: Path) -> None:
    """Write a commented appliance.toml into FOLDER (here where left out).

    \b
    caretaker init myapp && caretaker manifest check myapp/appliance.toml
    """
    target = folder / "appliance.toml"
    if target.exists() or target.is_symlink():
        raise UsageError(
            "usage", f"{target} is there already", hint=f"caretaker manifest check {target}"
        )
    try:
        files.ensure_folder(folder.resolve())
        files.replace(target.resolve(), STARTER.encode())
    except FileFailure as failure:
        raise MachineError("file-unwritable", str(failure)) from failure
    click.echo(f"wrote {target}")
    click.echo(f"next: edit it, then: caretaker manifest check {target}")
