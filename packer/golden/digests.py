"""SHA-256 of files and of what is put together from several. Owns reading them in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of_file(path: Path) -> str:
    """Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def of_words(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
