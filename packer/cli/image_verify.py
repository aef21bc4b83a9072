"""`caretaker image verify`: whether a file is what its maker signed, and built as he says."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.saying import json_line, plain
from agent.errors import UsageError
from packer.signing import blob, public_key
from packer.signing import provenance as provenances
from packer.signing.build_folder import not_vouched_for, verify_folder

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("paths", metavar="FILE...", type=_FILE, nargs=-1, required=True)
@click.option("--key", "pub", required=True, type=_FILE, metavar="PUB", help="The public key.")
@click.option("--signature", type=_FILE, metavar="SIG", help="Where it is not FILE.sig.")
@click.option("--provenance", type=_FILE, metavar="ENVELOPE",
              help="Also ask that this signed provenance is about each FILE.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    paths: tuple[Path, ...], *, pub: Path, signature: Path | None, provenance: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Verify the signature of each FILE. Exit status 7 if one is refused.

    A folder is a whole build: its record, every file that the record names, and its provenance.
    A draft is refused, and so is a build that failed. What else stands there is named.

    \b
    caretaker image verify out/ --key release.pub
    caretaker image verify shop.qcow2 --key release.pub
    caretaker image verify shop.qcow2 --key release.pub --provenance shop.intoto.json
    """
    _accept(paths, signature, provenance)
    key = public_key.read(pub)
    digests: dict[Path, str] = {}
    beside: list[str] = []
    for path in paths:
        if path.is_dir():
            digests |= verify_folder(path, key)
            beside += not_vouched_for(path, digests)
        else:
            digests[path] = blob.verify_file(path, key, signature)
    builder = ""
    if provenance:
        statement = provenances.read(provenance, key)
        for path, digest in digests.items():
            provenances.demand(statement, path.name, digest)
        builder = provenances.builder(statement)
    if as_json:
        told = {"key": public_key.name(key), "builder": builder,
                "files": {str(path): digest for path, digest in digests.items()},
                "beside": beside}  # fmt: skip
        click.echo(json_line(told))
        return
    for path in digests:
        click.echo(f"{plain(str(path))}: good, key {public_key.name(key)[:12]}")
    if beside:
        click.echo(f"no part of the build, so nothing is said of: {plain(', '.join(beside))}")
    if provenance:
        click.echo(f"{provenance}: good, built by {plain(builder)}")


def _accept(paths: tuple[Path, ...], signature: Path | None, provenance: Path | None) -> None:
    """Raises UsageError where what is named beside FILE can't be its own."""
    if signature and len(paths) > 1:
        raise UsageError("usage", "--signature is of one file", hint="leave it out: FILE.sig")
    if (signature or provenance) and any(path.is_dir() for path in paths):
        message = "a folder brings its signatures and its provenance, which are verified with it"
        raise UsageError("usage", message, hint="leave --signature and --provenance out")
