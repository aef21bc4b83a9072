"""What a collector is: one thing to collect, how much of it, and how long that may take.

Owns the records. Refuses to run any (`running`) and to redact: what a collector yields is raw, goes
through a pipe to the redactor, and never to a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from support.scene import Scene

# Priorities: what is collected first, and kept where time, bytes or disk run short.
FIRST, SOON, LATER, LAST = 10, 20, 30, 40


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the bundle, not yet read.

    `name` is its path in the bundle (`logs/app/app.log`), `origin` what it is a copy of: a path on
    the machine or a command line. `blocks` gives its bytes, raw, newest kept where `cap` cuts;
    iterating may raise CaretakerError, HostFailure or OSError. `size` is the best guess at
    its bytes before any cap, None where nobody knows. `exit_code` and `left_out` (what `blocks`
    itself passed over, in bytes) are asked after the last block. `newest` gives the newest so many
    bytes, where it can: it is asked instead of `blocks` with what there is still room for.
    """

    name: str
    origin: str
    blocks: Callable[[], Iterator[bytes]] = field(repr=False)
    size: int | None = None
    cap: int = 0
    exit_code: Callable[[], int | None] = field(default=lambda: None, repr=False)
    left_out: Callable[[], int] = field(default=lambda: 0, repr=False)
    modified: float | None = None
    newest: Callable[[int], Iterator[bytes]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of what will be collected: `text` stands for `size` bytes that are like it."""

    size: int
    text: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Collector:
    """One collector.

    `sources` looks what there is and yields it file by file; it runs in a child of its own, at
    most `timeout` seconds for all its files together, and gives at most `cap` bytes. `reads` says
    to people what it looks at. `guess` is how many bytes it will give, from a look that takes
    milliseconds and reads no content; `sample`, where there is one, tells that better, for a plan:
    from a few blocks, how large it is and how well it packs. `rescue`: works on the mounted disk of
    another machine. `consent`: is collected only where it was asked for by name (`--only`,
    `--with`).
    """

    code: str
    title: str
    reads: str
    sources: Callable[[Scene], Iterable[Source]]
    guess: Callable[[Scene], int]
    cap: int = 8 << 20
    timeout: float = 10.0
    priority: int = SOON
    rescue: bool = True
    consent: bool = False
    sample: Callable[[Scene], Iterable[Sample]] | None = None
