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
    """One pair: its serial, and when it was put in use, by the clock that no one can set.

    `told`: its services know of it, or were not running; a kill in between leaves it unset.
    """

    serial: str
    boot: str
    monotonic: float
    told: bool = True


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


def remember(
    layout: Layout, moment: Moment, *, name: str = "", serial: str = "", told: bool = True
) -> None:
    """Note the time, and the pair put in use now where it is named. FileFailure.

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
        made[name] = Made(serial, moment.boot, moment.monotonic, told)
    files.ensure_folder(layout.state)
    StateFile(layout.tls_state, Memory).save(Memory(newest, made))


def remember_told(layout: Layout, name: str) -> None:
    """Its services know of the pair in use. FileFailure."""
    memory = recall(layout)
    noted = memory.made.get(name)
    if noted is not None and not noted.told:
        made = {**memory.made, name: msgspec.structs.replace(noted, told=True)}
        StateFile(layout.tls_state, Memory).save(Memory(memory.newest, made))
