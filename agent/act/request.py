"""One request and its answer, as they go over the socket.

Owns the two lines: `<act> <name>` of at most 200 bytes, and JSON back. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from agent.act.acts import ACTS, Act
from agent.errors import CaretakerError, UsageError

LONGEST = 200  # bytes, with the newline
_LINE = re.compile(rb"([a-z-]+) ([a-z][a-z0-9-]{0,30})\n")


@dataclass(frozen=True, slots=True)
class Request:
    """An act that there is, and a name that a service or a remedy may have."""

    act: Act
    name: str


class Answer(msgspec.Struct, frozen=True):
    """How it went. `status` is the one-shot's exit status (agent.errors)."""

    status: int
    message: str
    code: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 0


def parse(line: bytes | None) -> Request:
    """Raises UsageError; it never repeats what was sent, which goes into logs."""
    match = _LINE.fullmatch(line) if line is not None and len(line) <= LONGEST else None
    if match is None:
        raise UsageError("usage", f"a request is one line, <act> <name>, {LONGEST} bytes")
    for act in ACTS:
        if act.name.encode() == match[1]:
            return Request(act, match[2].decode())
    known = ", ".join(act.name for act in ACTS)
    raise UsageError("usage", f"there is no such act (acts: {known})")


def write(act: str, name: str) -> bytes:
    """The line that asks for an act. Raises UsageError where the other side would refuse it."""
    line = f"{act} {name}\n".encode()
    parse(line)
    return line


def answer_to(error: CaretakerError) -> Answer:
    return Answer(error.exit_status, error.message, error.code, error.hint)


def write_answer(answer: Answer) -> bytes:
    return msgspec.json.encode(answer) + b"\n"


def read_answer(line: bytes) -> Answer:
    """Raises ValueError."""
    return msgspec.json.decode(line, type=Answer)
