"""Patterns of `[hide]` and `[look]`: is each one that RE2 takes, and does it say anything.

Owns the complaints, for `caretaker manifest check`. Refuses to be asked when a manifest is read:
the daemon reads one, and must not load RE2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.manifest.model import Manifest
from agent.manifest.support import Hide

_MEMORY = 8 << 20  # bytes of automaton; then RE2 is slower, and never wrong
# Where most of each of these is gone, nothing of a log would be left.
_PLAIN_LINES = (
    b"2026-03-04T05:06:07 INFO started worker 12 in 340 ms",
    b"GET /index.html HTTP/1.1 200 5120",
    b"listening on port 8443",
    b"[section]",
    b"retries = 3",
)


def pattern_complaints(manifest: Manifest) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each bad pattern as (path of the key, message)."""
    for name, hide in manifest.hide.items():
        if why := hide_complaint(hide):
            yield ("hide", name, "pattern"), why
    for name, look in manifest.look.items():
        if why := complaint(look.pattern):
            yield ("look", name, "pattern"), why


def hides_complaints(hides: Mapping[str, Hide]) -> Iterator[tuple[str, str]]:
    """(name, what is wrong) of each bad one."""
    for name, hide in hides.items():
        if why := hide_complaint(hide):
            yield name, why


def hide_complaint(hide: Hide) -> str:
    """What is wrong with a pattern that hides; empty where nothing is."""
    why = complaint(hide.pattern)
    if why:
        return why
    pattern = compiled(hide.pattern)
    if pattern.search(b"") is not None:
        return "matches where nothing is; write at least one character that must be there"
    if all(_hidden(pattern, line) * 2 > len(line) for line in _PLAIN_LINES):
        return "matches everything; begin with what stands before the secret"
    return ""


def complaint(pattern: str) -> str:
    """Why RE2 does not take it; empty where it does."""
    import re2

    try:
        compiled(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else b"it is not understood"
        words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return f"is no regular expression of RE2: {words}"
    return ""


def compiled(pattern: str) -> Any:
    """For bytes that need not be UTF-8, line by line. Raises re2.error."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    options.never_nl = True
    options.log_errors = False
    return re2.compile(b"(?m:" + pattern.encode() + b")", options)


def _hidden(pattern: Any, line: bytes) -> int:
    group = pattern.groupindex.get(b"secret", 0)
    return sum(hit.end(group) - hit.start(group) for hit in pattern.finditer(line))
