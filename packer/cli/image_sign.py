"""`caretaker image sign`: signatures that others verify without us."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.saying import json_line, plain
from packer.signing import blob, public_key
from packer.signing.file_key import Ask
from packer.signing.opening import open_signer

KEY = click.option(
    "--key",
    "said",
    required=True,
    metavar="KEY",
    help="A PEM file, a token's pkcs11: URI, or a key service's .toml.",
)


def asking(given: Sequence[Path]) -> Ask:
    """How a key's passphrase or a token's PIN is found: by file, by environment, or typed."""

    def ask(what: str) -> bytes:
        word = "PIN" if what.startswith("the token ") else "Passphrase"
        return passphrases.known(given, what, word)[0]

    return ask


@click.command()
@click.argument(
    "paths", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True
)
@KEY
@passphrases.OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(paths: tuple[Path, ...], *, said: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Sign each FILE; the signature goes to FILE.sig, as cosign and openssl read it.

    \b
    caretaker image sign shop.qcow2 shop.cdx.json --key release.key
    caretaker image sign shop.qcow2 --key service.toml
    caretaker image sign shop.qcow2 \\
        --key 'pkcs11:token=shop;object=release?module-path=/usr/lib/softhsm/libsofthsm2.so'
    """
    signer = open_signer(said, asking(files))
    made = [blob.sign_file(path, signer) for path in paths]
    if as_json:
        told = {"key": public_key.name(signer.public), "algorithm": signer.algorithm,
                "signatures": [str(each) for each in made]}  # fmt: skip
        click.echo(json_line(told))
        return
    for each in made:
        click.echo(
            f"{plain(str(each))}: {signer.algorithm}, key {public_key.name(signer.public)[:12]}"
        )
