"""Writes the generated reference pages; a test holds each to what its source says now.

python docs/generate.py            write them
python docs/generate.py --check    only say which differ
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

HERE = Path(__file__).parent
# docs/ is no package, and a test loads this file by its path.
sys.path.insert(0, str(HERE))

import hardening_table  # noqa: E402  (found on the path above)
import man_page  # noqa: E402  (found on the path above)
import marketplace_table  # noqa: E402  (found on the path above)
import rule_table  # noqa: E402  (found on the path above)
import tables  # noqa: E402  (found on the path above)
import task_table  # noqa: E402  (found on the path above)

from agent.cli.program import program  # noqa: E402  (found on the path above)
from agent.manifest import reference  # noqa: E402  (found on the path above)
from packer.certify.report import record  # noqa: E402  (found on the path above)
from support.bundle import schema  # noqa: E402  (found on the path above)


def command_line() -> str:
    """docs/reference/cli.md: `--help` of every verb."""
    lines = ["# The command line\n", "Made by `docs/generate.py` from `--help`; do not edit."]
    for path, command in [(["caretaker"], program), *man_page.commands()]:
        context = click.Context(command, info_name=" ".join(path), max_content_width=88)
        context.terminal_width = 88
        lines += [f"\n## {' '.join(path)}\n", "```text", command.get_help(context).rstrip(), "```"]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "man/caretaker.1": man_page.page,
    "reference/certify.md": rule_table.page,
    "reference/certify.schema.json": record.schema_text,
    "reference/checks.md": tables.checks,
    "reference/cli.md": command_line,
    "reference/hardening.md": hardening_table.page,
    "reference/housekeeping.md": task_table.page,
    "reference/manifest.md": reference.page,
    "reference/marketplace-checks.md": marketplace_table.page,
    "reference/preflight.md": tables.preflight,
    "reference/setup.md": tables.setup_options,
    "reference/support-bundle.schema.json": schema.text,
    "reference/systems.md": tables.systems,
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
