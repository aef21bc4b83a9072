"""The subcommands of `caretaker support-bundle`: their names, and where each one stands.

Owns the table. Refuses work; what is not called is not imported.
"""

from __future__ import annotations

import importlib

import click

# Name -> module and the command in it, in the order shown to people.
_TABLE = {
    "verify": ("support.cli.support_bundle_verify", "verify"),
    "list": ("support.cli.support_bundle_verify", "list_"),
    "open": ("support.cli.support_bundle_open", "open_"),
    "analyse": ("support.cli.support_bundle_analyse", "analyse"),
    "report": ("support.cli.support_bundle_report", "report"),
    "grep": ("support.cli.support_bundle_grep", "grep"),
    "diff": ("support.cli.support_bundle_diff", "diff"),
    "reveal": ("support.cli.support_bundle_reveal", "reveal"),
}
NAMES = tuple(_TABLE)


def find(name: str) -> click.Command | None:
    if name not in _TABLE:
        return None
    module, attribute = _TABLE[name]
    found: click.Command = getattr(importlib.import_module(module), attribute)
    return found
