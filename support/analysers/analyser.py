"""What an analyser is: what it needs to see, and a verdict drawn from it.

Owns the records. An analyser sees a bundle's redacted files only, while they stream past on the VM
or out of a bundle at the vendor's; both give the same answer. Refuses to keep whole logs: of them,
only lines that a watch matches are kept, within limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

Answer = Literal["pass", "warn", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Lines to be kept of streamed files. `files` are globs over names in the bundle.

    `pattern` is a regular expression over bytes in the syntax that `re` and Hyperscan share; it
    does not match an empty text. `foreign`: it is somebody else's, in the syntax of RE2, which
    alone may run it.
    """

    code: str
    files: tuple[str, ...]
    pattern: bytes
    foreign: bool = False


class Seen(msgspec.Struct, frozen=True):
    """One piece of evidence: a line of a file. `line` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    text: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What an analyser says. `advice` is what to do next, a command where there is one."""

    code: str
    answer: Answer
    summary: str
    evidence: tuple[Seen, ...] = ()
    advice: str = ""
    title: str = ""


class Evidence(Protocol):
    """What was gathered of one bundle."""

    def names(self) -> list[str]:
        """Every file of the bundle, in order."""
        ...

    def read(self, name: str) -> bytes | None:
        """A whole file that an analyser `reads`; None where it is not there or was too large."""
        ...

    def lines(self, code: str) -> list[Seen]:
        """What the watch of this code matched: the first and the newest of each file."""
        ...

    def count(self, code: str) -> int:
        """How often it matched, those included that were not kept."""
        ...


@dataclass(frozen=True, slots=True)
class Analyser:
    """One analyser. `reads` are globs of small files (4 MiB each at most) that it reads whole.

    `judge` yields one or more judgements; `unknown` where what it needs was not collected. Pure.
    """

    code: str
    title: str
    judge: Callable[[Evidence], Iterable[Judgement]]
    reads: tuple[str, ...] = ()
    watches: tuple[Watch, ...] = ()
