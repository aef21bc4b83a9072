"""What a migration said last, fit to be shown: printable, short, without secrets. Pure.

Owns the cleaning. Refuses to judge what it means.
"""

from __future__ import annotations

from collections.abc import Sequence

_LINES = 12
_LONGEST = 300  # characters of a line


def last_words(raw: bytes, secrets: Sequence[str]) -> tuple[str, ...]:
    """The last lines, in order."""
    text = raw.decode(errors="replace")
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "(secret)")
    found = (_printable(line) for line in text.splitlines()[-4 * _LINES :])
    return tuple(line for line in found if line)[-_LINES:]


def _printable(line: str) -> str:
    # Escape sequences would act on the terminal of whoever reads the error.
    clean = "".join(each if each.isprintable() else " " for each in line).strip()
    return clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"
