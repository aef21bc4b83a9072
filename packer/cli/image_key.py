"""`caretaker image key`: the key that signs images, made and shown."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.saying import json_line, plain
from agent.errors import UsageError
from packer.cli.image_sign import asking
from packer.signing import file_key, public_key
from packer.signing.opening import open_signer
from packer.signing.signer import Algorithm

_PATH = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """Make and show the key that signs images.

    \b
    caretaker image key new release.key             once; keep it off the machines you sell
    caretaker image key show release.key
    """


@command.command(short_help="Make a key; its public half stands beside it.")
@click.argument("path", metavar="FILE", type=_PATH)
@click.option("--algorithm", type=click.Choice(["ecdsa-p256-sha256", "ed25519"]), metavar="NAME",
              default="ecdsa-p256-sha256", show_default=True,
              help="Or ed25519, which reads a file twice to sign it.")  # fmt: skip
@click.option("--passphrase-file", "given", type=_PATH, metavar="FILE", help="Seals the key.")
@click.option("--unsealed", is_flag=True, help="Without a passphrase, as a test may have it.")
def new(path: Path, *, algorithm: Algorithm, given: Path | None, unsealed: bool) -> None:
    """Make a key in FILE; its public half stands beside it in .pub.

    \b
    caretaker image key new release.key --passphrase-file passphrase
    """
    if unsealed and given:
        raise UsageError("usage", "--unsealed and --passphrase-file exclude each other",
                         hint="give one")  # fmt: skip
    passphrase = None
    if not unsealed:
        passphrase = passphrases.new(given, f"the key {path}", "--passphrase-file FILE")
    made = file_key.make(path, algorithm, passphrase)
    click.echo(f"{plain(str(path))}: {algorithm}, key {public_key.name(made.public)}")
    click.echo(f"now: give {plain(str(file_key.public_half(path)))} to those who verify")


@command.command(short_help="Print the public half of a key.")
@click.argument("said", metavar="KEY")
@passphrases.OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(said: str, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Print the public half of KEY: a PEM file, a token's URI or a key service's .toml.

    \b
    caretaker image key show release.key > release.pub
    """
    signer = open_signer(said, asking(files))
    pem = public_key.pem(signer.public).decode()
    if as_json:
        told = {"key": public_key.name(signer.public), "algorithm": signer.algorithm, "pem": pem}
        click.echo(json_line(told))
        return
    click.echo(pem, nl=False)
