"""Reference pages made from the product's own tables.

Owns their text around the tables. Refuses facts: each stands in the table it is read from.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Sequence
from typing import Any
from unittest import mock

from agent.health import look
from agent.health.checks import CHECKS
from agent.health.wire import trouble
from agent.preflight import UPGRADE
from agent.preflight.check import IN_A_FOLDER, ON_A_MACHINE, PreflightCheck
from agent.systems.system import known_systems
from setup.options import read_options
from setup.preflight import PREFLIGHT

MADE = "Made by `docs/generate.py`; do not edit."


def setup_options() -> str:
    """docs/reference/setup.md: what `setup.sh --help` prints."""
    said = io.StringIO()
    # argparse wraps to the terminal it finds; a page must not depend on that.
    with (
        mock.patch.dict(os.environ, {"COLUMNS": "90"}),
        contextlib.redirect_stdout(said),
        contextlib.suppress(SystemExit),
    ):
        read_options(["--help"], {})
    return "\n".join(
        [
            "# setup.sh",
            "",
            f"{MADE} How it works: [setup](../explanation/setup.md).",
            "Without anybody at the keyboard: [unattended](../how-to/unattended.md).",
            "",
            "```text",
            said.getvalue().rstrip(),
            "```",
            "",
        ]
    )


def checks() -> str:
    """docs/reference/checks.md: every type of check, from its record."""
    own = _codes((*look.CODES, "stale", "pending"))
    lines = [
        "# Checks, type by type",
        "",
        f"{MADE} What each may be told stands in [the manifest](manifest.md).",
        "A finding carries one of these codes, stable words for machines, and a line for people.",
        "`ok`: all is well. Any type may also say",
        f"{own}, or an [error code](errors.md) such as",
        "`secret-missing`.",
        "",
        f"Types that connect share the codes {_codes(trouble.CODES)}.",
    ]
    for each in CHECKS:
        lines += [
            "",
            f"## {each.code}",
            "",
            (each.params.__doc__ or "").strip(),
            "",
            f"- Keys: [{each.code}](manifest.md#checksname-of-type-{each.code})",
            f"- Cost of a look: {each.cost}",
            f"- No answer in time means: {each.hang}",
            f"- Codes: {_codes_of_type(each.codes)}",
        ]
    return "\n".join([*lines, ""])


def _codes_of_type(codes: Sequence[str]) -> str:
    own = [code for code in codes if code not in trouble.CODES]
    shared = len(own) < len(codes) and set(trouble.CODES) <= set(codes)
    return _codes(own) + ", and those of connections" if shared else _codes(codes)


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def preflight() -> str:
    """docs/reference/preflight.md: what is asked of the machine first."""
    own = [each.code for each in PREFLIGHT]
    shared = [each for each in UPGRADE if each.code in own]
    return "\n".join(
        [
            "# Preflight",
            "",
            f"{MADE} What is looked at before anything is touched. A failure stops it, a",
            "warning is a note. Words in braces are filled in by what was found.",
            "",
            "## Setup",
            "",
            f"`setup.sh` looks at {len(PREFLIGHT)} things; where one fails it ends with 10.",
            "",
            *_preflight_table(PREFLIGHT),
            "",
            "## Upgrade",
            "",
            f"`caretaker upgrade` and `caretaker preflight` look at {len(UPGRADE)} things, and end",
            f"with status 4 where one fails: {len(shared)} of setup's, and these.",
            "",
            *_preflight_table([each for each in UPGRADE if each.code not in own]),
            "",
        ]
    )


def _preflight_table(checks: Sequence[PreflightCheck[Any]]) -> list[str]:
    rows = [
        (f"`{each.code}`", each.title, _WHERE.get(each.where, "everywhere"), each.why, each.fix)
        for each in checks
    ]
    return table(("code", "looks at", "where", "why", "cure"), rows)


_WHERE = {
    ON_A_MACHINE: "on a machine",
    IN_A_FOLDER: "below a root of its own",
}


def systems() -> str:
    """docs/reference/systems.md: agent/systems/systems.toml as a table."""
    rows = []
    for each in known_systems():
        journal = ", ".join(each.journal_packages) or f"compiled: {', '.join(each.build_packages)}"
        rows.append(
            (each.title, f"`{each.id}`", str(each.systemd), f"`{each.python}`",
             ", ".join(each.python_packages), journal)
        )  # fmt: skip
    head = ("system", "id", "systemd", "Python", "packages for it", "for systemd-python")
    return "\n".join(
        [
            "# Supported systems",
            "",
            f"{MADE} Setup refuses other versions of these and warns on",
            "systems built from them. A vendor narrows the list with `[requirements] systems`.",
            "Setup installs the packages of a row only where they are missing.",
            "",
            *table(head, rows),
            "",
        ]
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table; bars inside a cell are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
