"""`caretaker support-bundle grep`: lines of a bundle, without unpacking it."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click

from agent.cli.saying import json_line, plain
from support.bundle.reading import reading
from support.cli.support_bundle_verify import FILE, IDENTITY, JSON, KEY, keys_in


@click.command()
@click.argument("pattern")
@FILE
@IDENTITY
@KEY
@click.option("-i", "--ignore-case", is_flag=True, help="Large and small letters alike.")
@click.option("-F", "--fixed", is_flag=True, help="PATTERN is plain text.")
@click.option("--in", "globs", multiple=True, metavar="GLOB", help="Only in such files.")
@JSON
def grep(
    pattern: str, file: Path, *, identity_file: Path | None, key: str, ignore_case: bool,
    fixed: bool, globs: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Print the lines of FILE that match PATTERN (RE2), as NAME:LINE:TEXT.

    The bundle is verified on the way; exit status 1: no line matches. `report.html` is left out:
    it repeats what the others say.

    \b
    caretaker support-bundle grep 'connection refused' FILE
    caretaker support-bundle grep -i timeout FILE --in 'journal/*'
    """
    from support.bundle import search

    wanted = search.compiled(pattern, ignore_case=ignore_case, plain=fixed)

    def chosen(name: str) -> bool:
        return not globs or any(fnmatchcase(name, each) for each in globs)

    found = 0
    with reading(file, keys_in(identity_file)) as bundle:
        for hit in search.hits(bundle.files(), wanted, chosen):
            found += 1
            line = json_line({"file": hit.name, "line": hit.line, "text": hit.text})
            click.echo(line if as_json else f"{plain(hit.name)}:{hit.line}:{plain(hit.text)}")
        bundle.finish(key=key)
    if not found:
        sys.exit(1)
