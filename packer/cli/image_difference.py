"""`caretaker image difference`: what an image has that its base had not, and why."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from agent.cli.saying import count, json_line, plain
from agent.errors import RefusedError
from packer.certify.difference import Difference, differences
from packer.certify.opening import open_tree

# What is particular in a reason, and the word for all of its sort.
_NAMES = tuple(
    (re.compile(pattern), general)
    for pattern, general in (
        (r"the package \S+?(,|$| )", r"a package\1"),
        (r"the release .*", "the release"),
        (r" of /.*| to /.*", ""),
        (r"^(as|the list of) \S+( brought it|'s own files)$", r"\1 a library\2"),
    )
)
_PLACE = click.Path(path_type=Path, exists=True)
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.command()
@click.argument("base", type=_PLACE)
@click.argument("golden", type=_PLACE)
@click.option("--all", "everything", is_flag=True, help="Each path, also those with a reason.")
@click.option("--json", "as_json", is_flag=True, help="Print all of them as JSON.")
def command(base: Path, golden: Path, *, everything: bool, as_json: bool) -> None:
    """List what differs between BASE and GOLDEN, each path with its reason.

    Both may be disks, tars or folders; nothing is mounted. Exit status 7 where a path has no
    reason: nobody knows then why it is in the image. Times are not compared.

    \b
    caretaker image difference base.qcow2 golden.qcow2
    caretaker image difference base.raw golden.raw --all | less
    caretaker image difference base.raw golden.raw --json | jq '.[] | select(.reason == "")'
    """
    with open_tree(base) as one, open_tree(golden) as other:
        found = differences(one.tree, other.tree)
    if as_json:
        click.echo(json_line([msgspec.to_builtins(each) for each in found]))
    else:
        _tell(found, everything=everything)
    bare = [each.path for each in found if not each.reason]
    if bare:
        message = f"{count(len(bare), 'path')} of {golden.name} nobody has a reason for"
        hint = f"caretaker image difference {base} {golden} --all"
        raise RefusedError("certify-failed", message, hint=hint)


def _tell(found: list[Difference], *, everything: bool) -> None:
    for each in found:
        if everything or not each.reason:
            how = f" ({plain(each.how)})" if each.how else ""
            why = plain(each.reason) or click.style("no reason", fg="red")
            click.echo(f"{_SIGNS[each.what]} {plain(each.path)}{how}  {why}")
    reasons: dict[str, int] = {}
    for each in found:
        reasons[_kind(each)] = reasons.get(_kind(each), 0) + 1
    for reason, number in sorted(reasons.items(), key=lambda row: -row[1]):
        click.echo(f"{number:>6}  {reason}")
    click.echo(f"{len(found):>6}  paths differ")


def _kind(each: Difference) -> str:
    """Reasons of one sort are counted together: the names of packages do not matter there."""
    words = each.reason
    for pattern, general in _NAMES:
        words = pattern.sub(general, words)
    return f"{each.what}: {plain(words) or 'no reason'}"
