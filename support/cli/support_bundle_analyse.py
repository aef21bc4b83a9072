"""`caretaker support-bundle analyse`: what is wrong, out of a bundle, a folder, or here and now."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from agent.cli.saying import json_line, plain, sign
from agent.layout import Layout
from agent.manifest.support import Look
from support.analysers.analyser import Answer, Judgement
from support.cli.support_bundle_scene import runnable
from support.cli.support_bundle_verify import IDENTITY, JSON, KEY, keys_in
from support.report.verdicts import headline

_SHOWN = 4  # lines of evidence
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", metavar="[FILE]", required=False, type=_PATH)
@click.option("--with", "looks", type=_PATH, metavar="TOML",
              help="Also the [look.NAME] tables of this file.")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Also what is fine, and what is not known.")
@IDENTITY
@KEY
@JSON
@click.pass_obj
def analyse(
    layout: Layout, file: Path | None, *, looks: Path | None, everything: bool,
    identity_file: Path | None, key: str, as_json: bool,
) -> None:  # fmt: skip
    """Say what is wrong and what to do: out of FILE, or of this machine where it is left out.

    FILE is a bundle, or the folder that one was opened into. What is found is what was found on
    the VM before the bundle left, with today's analysers. Nothing is written. Exit status 6:
    something is wrong; 0: at most worth a look.

    \b
    sudo caretaker support-bundle analyse              here and now
    caretaker support-bundle analyse FILE --identity vendor.key
    caretaker support-bundle analyse FILE --with newer-looks.toml
    caretaker support-bundle analyse FILE --json | jq 'select(.answer == "fail")'
    """
    newer = _looks(looks)
    notes: Sequence[str] = ()
    if file is None:
        from support.cli.support_bundle_live import judged_here

        judgements = [
            msgspec.structs.replace(each, advice=runnable(each.advice, layout))
            for each in judged_here(layout, newer)
        ]
    else:
        from support.report.studied import studied

        found = studied(file, keys_in(identity_file), key=key, newer=newer)
        judgements, notes = found.study.judgements(), found.notes
    for note in notes:
        click.echo(f"note: {plain(note)}", err=True)
    if as_json:
        for each in judgements:
            click.echo(json_line(each))
    else:
        _tell(judgements, everything=everything)
    if any(each.answer == "fail" for each in judgements):
        sys.exit(6)


def _looks(path: Path | None) -> dict[str, Look]:
    if path is None:
        return {}
    from support.report.studied import looks_in

    return looks_in(path)


def _tell(judgements: Sequence[Judgement], *, everything: bool) -> None:
    wanted: tuple[Answer, ...] = ("fail", "warn")
    if everything:
        wanted = ("fail", "warn", "unknown", "pass")
    for each in judgements:
        if each.answer in wanted:
            click.echo("\n".join(_lines(each)))
    click.echo(click.style(headline(judgements), bold=True) + _rest(judgements))


def _lines(told: Judgement) -> list[str]:
    mark = "?" if told.answer == "unknown" else sign(told.answer)
    lines = [f"{mark} {plain(told.summary)}  [{plain(told.code)}]"]
    if told.answer == "pass":
        return lines
    for seen in told.evidence[:_SHOWN]:
        where = f"{seen.file}:{seen.line}" if seen.line else seen.file
        text = "" if seen.text == told.summary else f"  {seen.text[:200]}"
        lines.append(f"    {plain(where)}{plain(text)}")
    if told.advice:
        lines.append(f"  next: {plain(told.advice)}")
    return lines


def _rest(judgements: Sequence[Judgement]) -> str:
    fine = sum(each.answer == "pass" for each in judgements)
    dark = sum(each.answer == "unknown" for each in judgements)
    return f"; {fine} fine, {dark} not known"
