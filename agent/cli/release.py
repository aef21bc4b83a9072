"""`caretaker release`: releases built, signed and looked at, on any machine."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.appliance import manifest_of
from agent.cli.release_build import build, notes
from agent.cli.release_keys import keys
from agent.cli.saying import count, json_line, moment, plain, size
from agent.errors import ManifestError, UsageError
from agent.host.clock import Clock
from agent.layout import Layout
from agent.release.record import ReleaseRecord

_FILE = click.Path(path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_LINES = 12  # files and members shown to a person


@click.group()
def command() -> None:
    """Build signed releases, and look into them.

    A release bundle is one file: the application's files, appliance.toml, migrations, and the
    signatures over them. An appliance installs it by `caretaker upgrade FILE`, without a network.

    \b
    caretaker release keys init keys/                             once, offline
    caretaker release build . --version 1.1 --keys keys/ --output app-1.1.bundle
    caretaker release verify app-1.1.bundle --keys keys/
    caretaker release inspect app-1.1.bundle
    caretaker release notes . --version 1.1
    """


@command.command()
@click.argument("file", type=_FILE)
@_JSON
def inspect(file: Path, *, as_json: bool) -> None:
    """Show what FILE says of itself. Signatures are not checked: see `verify`.

    \b
    caretaker release inspect app-1.1.bundle
    caretaker release inspect app-1.1.bundle --json | jq .record.migrations
    """
    from agent.release.look import look

    claim = look(file)
    if as_json:
        click.echo(json_line(claim))
        return
    _tell(claim.record, claim.size)
    click.echo(f"root        {claim.root}, keys {', '.join(each[:12] for each in claim.root_keys)}")
    click.echo("signatures  not checked here: caretaker release verify")


@command.command()
@click.argument("file", type=_FILE)
@click.option("--root", "anchor", type=_FILE, metavar="FILE", help="Trust this root.json.")
@click.option("--keys", "folder", type=_FILE, metavar="DIR", help="Trust the root in this folder.")
@click.option("--older", is_flag=True, help="Also if a newer one was accepted on this appliance.")
@click.option("--expired", is_flag=True, help="Also if its signatures have ended.")
@_JSON
@click.pass_obj
def verify(
    layout: Layout, file: Path, *, anchor: Path | None, folder: Path | None, older: bool,
    expired: bool, as_json: bool,
) -> None:  # fmt: skip
    """Verify FILE: signatures, hashes, age. Writes nothing. Exit status 7 if it is refused.

    Without --root and --keys it is judged as this appliance would, by the root of trust in its
    image and by what was installed here before.

    \b
    caretaker release verify app-1.1.bundle --root root.json
    caretaker release verify app-1.1.bundle --keys keys/
    sudo caretaker release verify app-1.1.bundle               on an appliance
    """
    from agent.release.bundle import open_trusted
    from agent.release.trust import trust_in, trust_of

    if anchor and folder:
        raise UsageError("usage", "--root and --keys both say whom to trust", hint="give one")
    app = ""
    if anchor or folder:
        trust = trust_in(anchor or (folder or Path()) / "root.json")
    else:
        layout = _appliance(layout, file)
        trust, app = trust_of(layout), layout.app
    with open_trusted(file, trust, Clock(), app=app, older=older, expired=expired) as bundle:
        if as_json:
            told = {"file": str(file), "record": bundle.record, "expires": bundle.expires,
                    "root": bundle.vouched.trusted.version}  # fmt: skip
            click.echo(json_line(told))
            return
        _tell(bundle.record, bundle.size)
        click.echo(f"signatures  good until {moment(bundle.expires)}")


def _appliance(layout: Layout, file: Path) -> Layout:
    """The appliance here. Where there is none, as on a vendor's machine, it tells the way."""
    try:
        return manifest_of(layout)[1]
    except ManifestError as error:
        if error.code != "not-set-up":
            raise
        message = "there is no appliance here whose root of trust would count"
        hint = f"caretaker release verify {file} --keys keys/"
        raise ManifestError("not-set-up", message, hint=hint) from error


def _tell(record: ReleaseRecord, bytes_: int) -> None:
    files = sum(1 for each in record.files if not each.folder and not each.link)
    rows = [
        ("release", f"{record.app} {record.version} (sequence {record.sequence})"),
        ("created", moment(record.created)),
        ("size", f"{size(bytes_)}; unpacked {size(record.unpacked)} in {count(files, 'file')}"),
        (
            "data",
            f"reads epoch {', '.join(map(str, record.epoch.reads))}, writes {record.epoch.writes}",
        ),
        ("from", f"{record.minimum_from} on" if record.minimum_from else "any version"),
        ("supported", f"until {record.supported_until}" if record.supported_until else ""),
    ]
    rows += [("migration", each.folder) for each in record.migrations[:_LINES]]
    rows += [("advisory", f"{each.id} ({each.severity}): {each.summary}")
             for each in record.advisories[:_LINES]]  # fmt: skip
    for name, text in rows:
        if text:
            click.echo(f"{name:<11} {plain(text)}")


command.add_command(build)
command.add_command(keys)
command.add_command(notes)
