"""Files written aside whose writer was killed before it could rename them.

Owns telling those from one that is being written right now. Refuses to remove: who knows the
folder decides.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

# As `files` names them: .NAME.PID-RANDOM.part
_ASIDE = re.compile(r"\..+\.(\d+)-[0-9a-f]{12}\.part")


def find(folder: Path) -> list[Path]:
    """The left-over files of one folder, sorted; none where it can't be read.

    A pid that lives again after a reboot protects its file until the next look: better kept a day
    too long than taken from under a writer.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = ((name, _ASIDE.fullmatch(name)) for name in names)
    return [folder / name for name, match in found if match and not _lives(int(match[1]))]


def _lives(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")
