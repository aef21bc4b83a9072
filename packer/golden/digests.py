"""SHA-256 of files and of what is put together from several. Owns reading them in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from agent.host.opened import open_once


def of_file(path: Path) -> str:
    """Of a regular file. Raises FileNotFoundError, FileFailure."""
    with open_once(path) as opened:
        return opened.sha256(0, opened.size)


def of_words(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
