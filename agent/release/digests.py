"""What names a payload: its digest, reckoned from records instead of files.

Owns that reckoning, and which texts may be part of a folder's name. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from agent.release.record import FileRecord

_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")


def digest_of(files: Iterable[FileRecord]) -> str:
    """The same as `agent.host.trees.digest` of the tree that these entries make."""
    total = hashlib.sha256()
    for entry in files:
        kind = "folder" if entry.folder else "link" if entry.link else "file"
        total.update(f"{entry.path}\0{kind}\0{entry.executable}\0".encode())
        total.update(entry.link.encode() if entry.link else bytes.fromhex(entry.sha256))
    return total.hexdigest()


def is_version(text: str) -> bool:
    """Whether it may name a release: one plain word, no part of a path."""
    return _VERSION.fullmatch(text) is not None and not text.endswith(".part")


def is_program(content: bytes) -> bool:
    """Whether the kernel could start it: a script with an interpreter, or ELF (execve(2)).

    So the right to execute is part of what a migration's checksum vouches for.
    """
    return content.startswith((b"#!", b"\x7fELF"))
