"""journald: whether it listens to us, and one entry with fields.

Owns the choice and systemd-python's door. Refuses to be needed: without the library or the
journal the caller writes lines to its standard output.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def is_our_output() -> bool:
    """Whether standard output or error goes to the journal (systemd.exec(5), $JOURNAL_STREAM)."""
    stream = os.environ.get("JOURNAL_STREAM", "")
    for number in (1, 2):
        try:
            facts = os.fstat(number)
        except OSError:
            continue
        if stream == f"{facts.st_dev}:{facts.st_ino}":
            return True
    return False


def available() -> bool:
    """Whether an entry with fields can be sent."""
    try:
        import systemd.journal
    except ImportError:
        return False
    return hasattr(systemd.journal, "send")  # a folder named systemd makes an empty package


def send(message: str, *, priority: int, fields: Mapping[str, str]) -> bool:
    """One entry; False where journald did not take it. `priority` as in syslog(3)."""
    from systemd import journal

    try:
        # CODE_FUNC is given, or systemd-python walks the stack for each entry.
        ours = {"CODE_FUNC": "caretaker", "SYSLOG_IDENTIFIER": "caretaker"}
        journal.send(message, **{**ours, **fields, "PRIORITY": str(priority)})
    except OSError:
        return False
    return True
