"""Writes the generated reference pages; a test holds each to what its source says now.

python docs/generate.py            write them
python docs/generate.py --check    only say which differ
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from agent.cli.program import VERBS, program
from agent.manifest import reference

HERE = Path(__file__).parent


def command_line() -> str:
    """docs/reference/cli.md: `--help` of every verb."""
    lines = ["# The command line\n", "Made by `docs/generate.py` from `--help`; do not edit."]
    for path, command in _commands():
        context = click.Context(command, info_name=" ".join(path), max_content_width=88)
        context.terminal_width = 88
        lines += [f"\n## {' '.join(path)}\n", "```text", command.get_help(context).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _commands() -> Iterator[tuple[list[str], click.Command]]:
    yield ["caretaker"], program
    for verb in VERBS:
        command = program.get_command(click.Context(program), verb.name)
        assert command is not None
        yield ["caretaker", verb.name], command
        if isinstance(command, click.Group):
            for name, inner in sorted(command.commands.items()):
                yield ["caretaker", verb.name, name], inner


PAGES: dict[str, Callable[[], str]] = {
    "reference/cli.md": command_line,
    "reference/manifest.md": reference.page,
}


def main() -> int:
    """0 if every page was, or now is, as its source says."""
    stale = [name for name, text in PAGES.items() if _written(name) != text()]
    if "--check" in sys.argv:
        for name in stale:
            click.echo(f"docs/{name} is out of date; run: python docs/generate.py")
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        click.echo(f"wrote docs/{name}")
    return 0


def _written(name: str) -> str:
    try:
        return (HERE / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
