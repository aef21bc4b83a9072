"""`caretaker release keys`: the ceremony, rotation, and who may sign."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.saying import count, json_line, moment
from agent.errors import MachineError
from agent.host.clock import Clock
from agent.host.failures import HostFailure

_PATH = click.Path(path_type=Path)


@click.group()
def keys() -> None:
    """Make, show and rotate the keys that releases are signed with.

    The root keys say which keys sign releases; take them away from the machine that builds, to
    several people. root.json belongs into the image, as /etc/caretaker/keys/root.json.

    \b
    caretaker release keys init keys/ --root-keys 3 --root-threshold 2
    caretaker release keys show keys/
    caretaker release keys rotate keys/ --replace targets
    """


@keys.command()
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--root-keys", default=3, show_default=True, help="Root keys that are made.")
@click.option("--root-threshold", default=2, show_default=True, help="Of them this many must sign.")
@click.option("--release-keys", default=1, show_default=True, help="Keys for releases.")
@click.option("--release-threshold", default=1, show_default=True, help="So many must sign one.")
@click.option("--passphrase-file", type=_PATH, metavar="FILE", help="Passphrase of release keys.")
@click.option("--root-passphrase-file", type=_PATH, metavar="FILE", help="Of the root keys.")
def init(
    folder: Path, *, root_keys: int, root_threshold: int, release_keys: int,
    release_threshold: int, passphrase_file: Path | None, root_passphrase_file: Path | None,
) -> None:  # fmt: skip
    """Make all keys and the first root, in DIR. Needs no network; keep DIR off line.

    \b
    caretaker release keys init keys/
    caretaker release keys init keys/ --passphrase-file release.txt --root-passphrase-file root.txt
    """
    from agent.release import ceremony

    shape = ceremony.Shape(root_keys, root_threshold, release_keys, release_threshold)
    shape.check()
    release = passphrases.new(
        passphrase_file, "the keys that sign releases", "--passphrase-file FILE"
    )
    root = passphrases.new(root_passphrase_file, "the root keys", "--root-passphrase-file FILE")
    try:
        ceremony.begin(folder, shape, Clock().wall(), root, release)
    except HostFailure as failure:
        raise MachineError("file-unwritable", str(failure), hint=f"ls -ld {folder}") from failure
    click.echo(f"{folder}: root 1, {count(root_keys, 'root key')}, {root_threshold} must sign")
    click.echo(
        f"now: put {folder / 'root.json'} beside appliance.toml, and take the root keys away:"
    )
    click.echo(f"  ls {folder / 'private'}/root-*.key")


@keys.command()
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--replace", "replaced", multiple=True, metavar="KEY",
              help="A role, or ROLE-BEGINNING of a key's id: it gets a new key.")  # fmt: skip
@click.option("--key", "more", type=_PATH, multiple=True, metavar="FILE", help="A key elsewhere.")
@click.option("--new-passphrase-file", type=_PATH, metavar="FILE", help="Of new release keys.")
@passphrases.OPTION
def rotate(
    folder: Path, *, replaced: tuple[str, ...], more: tuple[Path, ...],
    new_passphrase_file: Path | None, files: tuple[Path, ...],
) -> None:  # fmt: skip
    """Make the next root: new keys for those that are replaced, and ten more years.

    It is signed by enough keys of the old root and of the new one, so appliances follow by
    themselves: every bundle built from now on carries all roots.

    \b
    caretaker release keys rotate keys/                                 only more time
    caretaker release keys rotate keys/ --replace targets               a release key was lost
    caretaker release keys rotate keys/ --replace root-3fa9c1 --key /media/stick/root-77.key
    """
    from agent.release import ceremony
    from agent.release import keys as folders

    old = folders.read(folder, more)
    known = passphrases.known(files, "the root keys")
    release = known[-1]
    if new_passphrase_file or (any(not each.startswith("root") for each in replaced) and not files):
        release = passphrases.new(
            new_passphrase_file, "the new release keys", "--new-passphrase-file FILE"
        )
    try:
        new = ceremony.rotate(old, replaced, Clock().wall(), known, release)
    except HostFailure as failure:
        raise MachineError("file-unwritable", str(failure), hint=f"ls -ld {folder}") from failure
    click.echo(f"{folder}: root {new.root.version}, until {moment(new.root.expires.timestamp())}")
    click.echo("now: build releases as usual; new images get the new root.json")


@keys.command()
@click.argument("folder", metavar="DIR", type=_PATH)
@click.option("--key", "more", type=_PATH, multiple=True, metavar="FILE", help="A key elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(folder: Path, *, more: tuple[Path, ...], as_json: bool) -> None:
    """Show who may sign what, and which private keys are at hand. Asks for no passphrase.

    \b
    caretaker release keys show keys/
    """
    from agent.release import keys as folders

    found = folders.read(folder, more)
    root = found.root
    if as_json:
        roles = {name: {"threshold": each.threshold, "keys": list(each.keyids)}
                 for name, each in root.roles.items()}  # fmt: skip
        told = {"root": root.version, "expires": root.expires.timestamp(), "roles": roles,
                "at_hand": sorted(found.sealed)}  # fmt: skip
        click.echo(json_line(told))
        return
    click.echo(f"root {root.version}, until {moment(root.expires.timestamp())}")
    for name, role in root.roles.items():
        click.echo(f"{name}: {role.threshold} of {count(len(role.keyids), 'key')} must sign")
        for keyid in role.keyids:
            here = "at hand" if keyid in found.sealed else "elsewhere"
            click.echo(f"  {name}-{keyid[:12]}  {here}")
