"""Users of this machine, by name.

Owns looking them up. Refuses to make them: setup does.
"""

from __future__ import annotations

import os
import pwd


def uid_of(name: str) -> int | None:
    """The uid of a user; None where there is none of that name."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def is_root() -> bool:
    return os.geteuid() == 0


def actor_here() -> str:
    """Who runs this process, for the ledger: `root`, `uid 1000`."""
    return "root" if is_root() else f"uid {os.geteuid()}"
