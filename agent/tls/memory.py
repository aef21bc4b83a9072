"""What is remembered of certificates over boots: the newest time that was trusted, what we made.

Owns one state file. Its loss costs nothing but caution. Refuses secrets.
"""

from __future__ import annotations

import msgspec

from agent.host import files
from agent.host.failures import FileFailure
from agent.layout import Layout
from agent.state import StateFile
from agent.tls.moment import Moment, is_trusted, trust

_CAP = 1 << 20


class Made(msgspec.Struct, frozen=True):
    """One pair of ours: its serial, and when by the clock that no one can set."""

    serial: str
    boot: str
    monotonic: float


class Memory(msgspec.Struct, frozen=True):
    """`newest` is the latest time since 1970 that a trusted clock showed."""

    newest: float = 0.0
    made: dict[str, Made] = {}


def recall(layout: Layout) -> Memory:
    """As it stands; empty where there is none or it makes no sense. Changes nothing."""
    try:
        return msgspec.json.decode(files.read_bytes(layout.tls_state, cap=_CAP), type=Memory)
    except (FileNotFoundError, FileFailure, msgspec.DecodeError):
        return Memory()


def remember(layout: Layout, moment: Moment, *, name: str = "", serial: str = "") -> None:
    """Note the time, and the pair made just now where it is named. FileFailure.

    A clock that is not trusted leaves no mark: jumping ten years ahead and back must not make the
    right time look wrong.
    """
    memory = recall(layout)
    newest = memory.newest
    judged = trust(moment, [memory.newest])
    if judged == "synchronised":
        newest = moment.now
    elif is_trusted(judged):
        newest = max(newest, moment.now)
    made = dict(memory.made)
    if name:
        made[name] = Made(serial, moment.boot, moment.monotonic)
    files.ensure_folder(layout.state)
    StateFile(layout.tls_state, Memory).save(Memory(newest, made))
