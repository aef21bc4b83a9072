"""Control groups: which processes are in one.

Owns where the kernel mounts them. Refuses limits and judgement.
"""

from __future__ import annotations

from pathlib import Path

# The unified tree (cgroup v2), and systemd's own where a machine still mounts v1.
_TREES = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")


def processes_in(control_group: str) -> list[int]:
    """The processes of a control group (`/system.slice/x.service`) and those below it.

    Empty where there is no such group.
    """
    if not control_group.strip("/"):
        return []  # The root group: every process of the machine, which nobody means.
    for tree in _TREES:
        folder = Path(tree) / control_group.lstrip("/")
        if (folder / "cgroup.procs").is_file():
            return [pid for path in folder.rglob("cgroup.procs") for pid in _listed(path)]
    return []


def _listed(path: Path) -> list[int]:
    try:
        return [int(word) for word in path.read_text().split()]
    except OSError:
        return []  # The group ended meanwhile.
