"""What the tests of services share: a manifest read from text, values, a layout."""

from __future__ import annotations

from pathlib import Path

from agent.errors import MachineError
from agent.layout import Layout
from agent.manifest.model import Manifest
from agent.manifest.placeholders import Values
from agent.manifest.reader import parse

HEAD = """
[appliance]
name = "shop"
version = "1.0"
title = "Shop"
"""

SECRETS = {"key": "hunter2hunter2"}


def manifest_of(text: str) -> Manifest:
    return parse(f"{HEAD}\n{text}")


def layout_at(root: Path = Path("/")) -> Layout:
    return Layout(root, "shop")


def secret_of(name: str) -> str:
    if name not in SECRETS:
        raise MachineError("secret-missing", f"the secret {name} was never made")
    return SECRETS[name]


def values_of(layout: Layout) -> Values:
    return Values(
        paths=layout.placeholders(),
        named={
            "secret": secret_of,
            "setting": lambda name: f"<{name}>",
            "certificate": lambda name: str(layout.certificate(name)),
        },
    )
