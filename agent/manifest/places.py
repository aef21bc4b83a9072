"""Places of the system's own: no manifest may give them away.

Owns the rule. Pure.
"""

from __future__ import annotations

from pathlib import PurePath

_TREES = ("bin", "boot", "dev", "lib", "lib64", "proc", "sbin", "sys", "usr")
_TOPS = (*_TREES, "etc", "home", "media", "mnt", "opt", "root", "run", "srv", "tmp", "var")


def is_systems(path: PurePath) -> bool:
    """Whether an absolute path is one that every Unix has, or lies where packages install."""
    parts = path.parts[1:]
    if not parts or parts[0] in _TREES:
        return True
    return (len(parts) == 1 and parts[0] in _TOPS) or (len(parts) == 2 and parts[0] == "var")
