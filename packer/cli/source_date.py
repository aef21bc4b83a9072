"""The time that a build sets for all it makes, in the environment.

Owns reading SOURCE_DATE_EPOCH (reproducible-builds.org). Refuses what is no count of seconds.
"""

from __future__ import annotations

import os

from agent.errors import UsageError

_LONGEST = 11  # digits; the year 5138, beyond which nothing here can name a day


def source_date() -> int | None:
    """Seconds since 1970; None where nobody set it. Raises UsageError."""
    said = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not said:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= _LONGEST):
        message = f"SOURCE_DATE_EPOCH is {said[:40]!r}, not seconds since 1970"
        raise UsageError("usage", message, hint="unset SOURCE_DATE_EPOCH")
    return int(said)
