"""`caretaker support-bundle diff`: what changed between two bundles."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli.saying import json_line, moment, plain, sign
from support.bundle.difference import Difference, Opened, differ, load
from support.bundle.record import Header
from support.cli.support_bundle_verify import IDENTITY, JSON, keys_in

_BUNDLE = click.Path(path_type=Path)


@click.command()
@click.argument("old", metavar="OLD", type=_BUNDLE)
@click.argument("new", metavar="NEW", type=_BUNDLE)
@IDENTITY
@JSON
def diff(old: Path, new: Path, *, identity_file: Path | None, as_json: bool) -> None:
    """Say what changed from OLD to NEW: what began to fail, packages, units, settings, files.

    Logs and counters are left out, since they always differ. Exit status 1: something changed.
    Two bundles of one machine: each has its own pseudonyms.

    \b
    caretaker support-bundle diff monday.support.tar.zst today.support.tar.zst
    """
    keys = keys_in(identity_file)
    before, after = load(old, keys), load(new, keys)
    found = differ(before, after)
    for line in [json_line(found)] if as_json else _told(before, after, found):
        click.echo(line)
    if found.added or found.removed or found.changed or found.verdicts:
        sys.exit(1)


def _told(old: Opened, new: Opened, found: Difference) -> list[str]:
    first, second = old.checked.manifest.header, new.checked.manifest.header
    was_of, is_of = _of(first), _of(second)
    lines = [f"{was_of}  ->  {is_of}"]
    for code, was, now, said in found.verdicts:
        lines.append(f"{sign(now)} {plain(code)}: {was or 'not there'} -> {now or 'not there'}")
        lines.append(f"    {plain(said)}")
    lines += [f"added    {plain(name)}" for name in found.added]
    lines += [f"removed  {plain(name)}" for name in found.removed]
    for name, changes in found.changed.items():
        lines.append(f"changed  {plain(name)}")
        lines += [f"    {plain(line)}" for line in changes]
    return lines if len(lines) > 1 else [*lines, "nothing changed"]


def _of(header: Header) -> str:
    return f"{moment(header.made)} {plain(header.machine)} {plain(header.version)}".rstrip()
