"""`caretaker release build` and `notes`: what a vendor runs for each release."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli import release_passphrases as passphrases
from agent.cli.saying import count, json_line, plain, size
from agent.errors import MachineError, UsageError
from agent.host.clock import Clock, rfc3339
from agent.host.failures import HostFailure

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option(
    "--version", default="", metavar="V", help="The release's version; wins over the files."
)
@click.option("--output", type=_FOLDER, required=True, metavar="FILE", help="The bundle to write.")
@click.option("--keys", "keys_folder", type=_FOLDER, default="keys", show_default=True,
              metavar="DIR", help="The folder of signing keys.")  # fmt: skip
@click.option("--key", "more", type=_FOLDER, multiple=True, metavar="FILE", help="A key elsewhere.")
@click.option("--created", default="", metavar="TIME",
              help="When it was made: RFC 3339, seconds since 1970, or now.")  # fmt: skip
@passphrases.OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def build(
    folder: Path, *, version: str, output: Path, keys_folder: Path, more: tuple[Path, ...],
    created: str, files: tuple[Path, ...], as_json: bool,
) -> None:  # fmt: skip
    """Make one signed file of the release in DIR.

    DIR holds appliance.toml, payload/, and, where wanted, release.toml and migrations/. The same
    input makes the same bytes: owners, times and order do not count, and the time of the release
    is --created, else $SOURCE_DATE_EPOCH, else that of the last commit.

    \b
    caretaker release build . --version 1.1 --output app-1.1.bundle
    caretaker release build . --output app.bundle --passphrase-file ~/.release-passphrase
    """
    from agent.release import build as building
    from agent.release import keys, source

    clock = Clock()
    at, said = _created(created, folder, clock.wall())
    try:
        read = source.read(folder, version, at)
        vendor = keys.read(keys_folder, more)
        made = building.build(read, vendor, passphrases.known(files), output, clock.wall())
    except HostFailure as failure:
        raise MachineError(
            "file-unwritable", str(failure), hint=f"ls -ld {output.parent}"
        ) from failure
    if as_json:
        told = {"file": str(output), "version": read.record.version, "size": made.size,
                "sequence": read.record.sequence, "sha256": made.sha256, "created": at}  # fmt: skip
        click.echo(json_line(told))
        return
    files_ = sum(1 for each in read.record.files if not each.folder and not each.link)
    for line in (*said, *read.said):
        click.echo(f"note: {plain(line)}", err=True)
    parts = (
        size(made.size),
        count(files_, "file"),
        count(len(read.record.migrations), "migration"),
    )
    click.echo(f"{output}: {read.record.app} {read.record.version}, {', '.join(parts)}")
    click.echo(f"sha256 {made.sha256}")


@click.command()
@click.argument("folder", metavar="DIR", type=_FOLDER, default=".")
@click.option(
    "--version", default="", metavar="V", help="The release's version; wins over the files."
)
@click.option("--from", "start", default="", metavar="REF", help="The last tag, if left out.")
@click.option(
    "--to", "end", default="HEAD", show_default=True, metavar="REF", help="The newest commit."
)
def notes(folder: Path, *, version: str, start: str, end: str) -> None:
    """Write notes in Markdown from the commits in DIR and the advisories in release.toml.

    Commits are read as conventionalcommits.org has it: feat, fix, perf and revert, and what
    breaks. The repository is only read.

    \b
    caretaker release notes . --version 1.1 > NOTES.md
    caretaker release notes . --version 1.1 --from v1.0 --to v1.1
    """
    from agent.release import commits, declaration
    from agent.release.notes import render

    for ref in (start, end):
        if ref.startswith("-"):
            raise UsageError("usage", f"{ref!r} is no commit", hint="--from v1.0 --to HEAD")
    declared = declaration.read(folder, version)
    found = commits.between(folder, start or commits.last_tag(folder, end), end)
    click.echo(render(declared.version, found, declared.advisories), nl=False)


def _created(said: str, folder: Path, now: float) -> tuple[int, tuple[str, ...]]:
    """When the release was made, and what is worth saying of that."""
    from agent.release import commits

    said = said or os.environ.get("SOURCE_DATE_EPOCH", "")
    if said == "now":
        return int(now), ()
    if said:
        return _moment(said), ()
    committed = commits.committed(folder)
    if committed is not None:
        return committed, ()
    why = f"there is no commit to date it by, so it is dated {rfc3339(now)}"
    return int(now), (f"{why}; for the same bytes again: --created {int(now)}",)


def _moment(text: str) -> int:
    try:
        found = int(text) if text.isdecimal() else int(datetime.fromisoformat(text).timestamp())
        datetime.fromtimestamp(found, UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError("usage", f"{text!r} is no time",
                         hint="--created 2026-11-21T12:00:00Z") from None  # fmt: skip
    return found
