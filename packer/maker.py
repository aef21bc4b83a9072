"""Which Caretaker this is, for records that name what made them.

Owns the version. Refuses to guess: what is neither installed nor a checkout is "unknown".
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def version() -> str:
    """Of the installed distribution; of the checkout, where images are built from one."""
    try:
        return metadata.version("caretaker")
    except metadata.PackageNotFoundError:
        pass
    try:
        return str(tomllib.loads(_PROJECT.read_text())["project"]["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"
