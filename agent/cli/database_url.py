"""The URL of a database as a person hands it over.

Owns reading it from the input, and keeping the authority's file where the application can read it.
Refuses to show it.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from agent.errors import MachineError, UsageError
from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout

_CAP = 8192  # characters of a URL
_CA_CAP = 1 << 20  # bytes


def url_of(word: str) -> str:
    """What was said, or the first line of the input. Raises UsageError."""
    if word != "-":
        return word.strip()
    url = sys.stdin.readline(_CAP).strip()
    if not url:
        raise UsageError(
            "usage", "there is no URL on the input", hint="caretaker database move --to - < url.txt"
        )
    return url


def kept_url(layout: Layout, url: str, ca: str, *, keep: bool) -> str:
    """The URL as the application will use it: with verified TLS, and the authority's file at a
    place that stays. Raises UsageError and MachineError."""
    from agent.database.reach import place_of

    if not ca:
        return place_of(url).url
    try:
        content = files.read_bytes(Path(ca), cap=_CA_CAP)
        path = layout.config / f"database-{sha256(content).hexdigest()[:12]}.pem"
        if keep:
            files.ensure_folder(layout.config)
            files.replace(path, content)
    except (FileFailure, FileNotFoundError) as failure:
        raise MachineError("file-unreadable", str(failure), hint=f"ls -l {ca}") from failure
    return place_of(url, ca=str(path) if keep else ca).url
