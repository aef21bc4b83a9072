"""Which Caretaker this is: what `--version` says, and records that name what made them.

Owns the version. Refuses to guess: what is neither installed nor a checkout is "unknown".
"""

from __future__ import annotations

import tomllib
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]


def version() -> str:
    """Of the installed distribution; of the checkout, where nobody installed it."""
    from importlib import metadata  # it takes long to load, and setup begins without it

    try:
        return metadata.version("caretaker")
    except metadata.PackageNotFoundError:
        pass
    try:
        return version_in(SOURCE)
    except (OSError, ValueError, KeyError):
        return "unknown"


def version_in(source: Path) -> str:
    """What a tree of sources calls itself. Raises OSError, ValueError, KeyError."""
    return str(tomllib.loads((source / "pyproject.toml").read_text())["project"]["version"])
