"""`caretaker image show`: where an image comes from, and whether all of that still holds."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from agent.cli.saying import json_line, plain, size
from agent.errors import CaretakerError, RefusedError
from agent.host.clock import Clock
from packer.catalogue import at_hand, promoting
from packer.catalogue.at_hand import AtHand
from packer.catalogue.entry import Entry
from packer.catalogue.store import Catalogue
from packer.cli.image_list import CATALOGUE, is_old, told
from packer.golden.record import NAME
from packer.signing import public_key
from packer.signing.blob import verify_file
from packer.signing.public_key import PublicKey


@click.command()
@click.argument("build", metavar="ID")
@CATALOGUE
@click.option("--key", "pub", type=click.Path(path_type=Path), metavar="PUB",
              help="The public key that signatures must fit.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(build: str, catalogue: Path, *, pub: Path | None, as_json: bool) -> None:
    """Show the chain behind the image ID: commit, inputs, files, scans, promotions.

    ID is the build's, or its beginning. Files at hand are read and compared; with --key, the
    record's signature and every promotion's are verified. Exit status 7 where something does not
    hold.

    \b
    caretaker image show 4f3a --key image.pub
    """
    entry = Catalogue(catalogue).find(build)
    key = public_key.read(pub) if pub else None
    found, wrong = at_hand.look(entry), _wrong_signatures(entry, key)
    if as_json:
        click.echo(json_line(_as_json(entry, found, wrong)))
    else:
        _tell(entry, found, key)
    wrong += [f"{each.artefact.name} is {each.found}" for each in found if each.found == "changed"]
    if wrong:
        raise RefusedError("image-refused", f"build {entry.record.id}: {'; '.join(wrong)}",
                           hint="do not ship it; build anew")  # fmt: skip


def _wrong_signatures(entry: Entry, key: PublicKey | None) -> list[str]:
    """What is said to be signed and is not by this key. Without one, only what does not fit."""
    wrong = []
    for signed in entry.promotions:
        stage = signed.promotion.stage
        if not promoting.fits(entry, signed):
            wrong.append(f"the promotion to {stage} is of another build")
        elif key is not None and not promoting.accepted(signed, key):
            wrong.append(f"the promotion to {stage} is signed by another key")
    if key is not None:
        try:
            digest = verify_file(Path(entry.folder) / NAME, key)
        except CaretakerError as error:
            return [*wrong, error.message]
        if digest != hashlib.sha256(entry.content).hexdigest():
            wrong.append("build.json is another than the catalogue's")
    return wrong


def _tell(entry: Entry, found: list[AtHand], key: PublicKey | None) -> None:
    record = entry.record
    old = ", older than 90 days" if is_old(entry, Clock().wall()) else ""
    rows = [
        ("image", f"{record.application} {record.version} {record.architecture} ({record.id})"),
        ("stage", f"{entry.stage}{', a draft' if record.draft else ''}{old}"),
        ("commit", record.commit or "none: not built from git"),
        ("built", f"{record.begun} by {record.who}, on {record.base}"),
        ("files", entry.folder),
    ]
    for name, value in rows:
        click.echo(f"{name:<11} {plain(value)}")
    for name, digest in record.inputs.items():
        click.echo(f"{'input':<11} {plain(name)}  {digest[:16]}")
    for each in found:
        artefact = each.artefact
        words = f"{artefact.name}  {size(artefact.size)}  {artefact.sha256[:16]}  {each.found}"
        click.echo(f"{artefact.kind:<11} {plain(words)}")
    for signed in entry.promotions:
        one = signed.promotion
        seen = "" if key is None else (", verified" if promoting.accepted(signed, key) else ", NOT")
        click.echo(f"{one.stage:<11} {plain(f'{one.at} by {one.who}, key {signed.key[:12]}')}"
                   f"{seen}{plain(f': {one.why}' if one.why else '')}")  # fmt: skip


def _as_json(entry: Entry, found: list[AtHand], wrong: list[str]) -> dict[str, object]:
    return {
        **told(entry, Clock().wall()),
        "record": entry.record,
        "files": [{"name": each.artefact.name, "found": each.found} for each in found],
        "promotions": [{"promotion": each.promotion, "key": each.key} for each in entry.promotions],
        "wrong": wrong,
    }
