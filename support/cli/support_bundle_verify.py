"""`caretaker support-bundle verify` and `list`: is it what was signed, and what is in it?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from agent.cli.saying import count, json_line, moment, plain, sign, size
from support.bundle import reading
from support.bundle.reading import Checked
from support.bundle.record import BundleManifest, Entry

FILE = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
IDENTITY = click.option("--identity", "identity_file", type=click.Path(path_type=Path),
                        metavar="FILE", help="Private age key, where it is encrypted.")  # fmt: skip
KEY = click.option("--key", default="", metavar="FINGERPRINT",
                   help="It must be signed with this key; 16 digits will do.")  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def keys_in(path: Path | None) -> Sequence[object]:
    """UsageError."""
    if path is None:
        return ()
    from support.bundle.recipients import identities

    return identities(path)


@click.command()
@FILE
@IDENTITY
@KEY
@JSON
def verify(file: Path, *, identity_file: Path | None, key: str, as_json: bool) -> None:
    """Check that FILE is to the last byte what was signed: every file, none missing, none added.

    FILE is a bundle, its first volume or its index. Works on any machine. Exit status 7: it is
    not, and what is wrong with it. Who holds no private key can check the file's SHA-256.

    \b
    caretaker support-bundle verify FILE
    caretaker support-bundle verify FILE --identity vendor.key --key 591f5b9395035645
    """
    checked = reading.verify(file, keys_in(identity_file), key=key)
    if as_json:
        click.echo(json_line(_value(checked)))
        return
    for line in told(checked, pinned=bool(key)):
        click.echo(line)


@click.command("list")
@FILE
@IDENTITY
@KEY
@JSON
def list_(file: Path, *, identity_file: Path | None, key: str, as_json: bool) -> None:
    """List the files in FILE: size, collector, what was masked or left out.

    \b
    caretaker support-bundle list FILE
    """
    checked = reading.verify(file, keys_in(identity_file), key=key)
    for each in checked.manifest.files:
        click.echo(json_line(each) if as_json else _line(each))


def told(checked: Checked, *, pinned: bool) -> list[str]:
    manifest = checked.manifest
    header = manifest.header
    app = plain(f"{header.app or 'a machine without a manifest'} {header.version}".rstrip())
    of = f"{app} on {plain(header.machine)}" if header.machine else app
    sound = f"{count(checked.files, 'file')}, {size(checked.size)}, each as it was signed"
    lines = [
        f"{sign('pass')} sound: {sound}",
        f"  {of}, made {moment(header.made)}{_case(header.case)}",
        f"  signed with {checked.fingerprint}",
    ]
    if not pinned:
        lines.append("  whose key that is, only its owner can say; --key FINGERPRINT insists on it")
    if manifest.consent.redaction == "off":
        lines.append(f"{sign('fail')} it is NOT REDACTED: secrets and names are in it")
    if manifest.partial:
        lines.append(f"{sign('warn')} it is not whole: {plain(manifest.partial)}")
    return lines


def _value(checked: Checked) -> dict[str, object]:
    manifest: BundleManifest = checked.manifest
    return {
        "sound": True,
        "files": checked.files,
        "size": checked.size,
        "key": checked.fingerprint,
        "header": manifest.header,
        "consent": manifest.consent,
        "partial": manifest.partial,
    }


def _line(entry: Entry) -> str:
    masked = sum(entry.redactions.values())
    words = [f"{masked} masked" if masked else "", plain(entry.why)]
    if entry.left_out:
        words.append(f"{size(entry.left_out)} left out")
    told_size = "withheld" if entry.withheld else size(entry.size)
    extra = ", ".join(filter(None, words))
    return f"{told_size:>10}  {plain(entry.name)}  {plain(entry.collector)}  {extra}".rstrip()


def _case(case: str) -> str:
    return f", case {plain(case)}" if case else ""
