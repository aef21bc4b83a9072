"""Where and which machine this is: its time zone, and its id.

Owns reading both as systemd does. Refuses to set them.
"""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from pathlib import Path

_LOCALTIME = Path("/etc/localtime")
_MACHINE_ID = Path("/etc/machine-id")


def local_zone(*, environment: bool) -> tzinfo:
    """The zone of this machine's clock face: /etc/localtime (localtime(5)), or UTC.

    `environment`: $TZ comes first, as in a container. On a machine it is only the wish of whoever
    is logged in, and systemd goes by the file.
    """
    from zoneinfo import ZoneInfo

    named = os.environ.get("TZ", "").removeprefix(":") if environment else ""
    try:
        if named:
            return ZoneInfo(named)
        with _LOCALTIME.open("rb") as stream:
            return ZoneInfo.from_file(stream)
    except (KeyError, ValueError, OSError):  # no such zone, a bad file, none at all
        return UTC


def machine_id() -> bytes:
    """The 16 bytes of machine-id(5); zeros where there is none, as systemd has it."""
    try:
        found = bytes.fromhex(_MACHINE_ID.read_text().strip())
    except (OSError, ValueError):
        return bytes(16)
    return found if len(found) == 16 else bytes(16)
