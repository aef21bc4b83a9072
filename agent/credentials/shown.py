"""Which secrets a person has been shown: each value once.

Owns the file. It knows a value by its file's inode and time, so a new value may be shown again.
Refuses values.
"""

from __future__ import annotations

import msgspec

from agent.layout import Layout
from agent.state import StateFile


class Shown(msgspec.Struct, frozen=True):
    """By name of the secret: which file was shown."""

    values: dict[str, str] = {}


def was_shown(layout: Layout, name: str) -> bool:
    """Whether somebody has seen the value it has now."""
    record = _file(layout).load(aside=False) or Shown()
    return record.values.get(name, "") == _value(layout, name)


def note(layout: Layout, name: str) -> None:
    """Remember that it was shown, after it was. FileFailure."""
    record = _file(layout).load() or Shown()
    _file(layout).save(Shown({**record.values, name: _value(layout, name)}))


def _value(layout: Layout, name: str) -> str:
    try:
        facts = (layout.secrets / name).lstat()
    except OSError:
        return "none"
    return f"{facts.st_ino}-{facts.st_mtime_ns}"


def _file(layout: Layout) -> StateFile[Shown]:
    return StateFile(layout.secrets_shown, Shown, mode=0o600)
