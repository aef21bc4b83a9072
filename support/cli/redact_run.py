"""What `caretaker redact` does: gathers what is known, learns names, redacts.

Owns standard input and output, and which key is used. Refuses input that is no text: a secret in
a form that no rule reads would pass unseen.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from agent.errors import MachineError, RefusedError
from agent.host import files
from agent.layout import Layout
from agent.manifest.model import Manifest
from support.redact.blocks import recut
from support.redact.engine import Choice
from support.redact.identities import Identities, pseudonym_map
from support.redact.identities.key import key_at
from support.redact.known.harvest import harvest, harvest_folder
from support.redact.known.values import KnownValues
from support.redact.own import OwnPattern, own_patterns
from support.redact.redactor import Known, Redactor
from support.redact.span import Span
from support.redact.whole_folder import Outcome, is_text, learn_all, redact_all
from support.scene import is_rescue

_BLOCK = 1 << 20
_HELD = 16 << 20  # bytes of a pipe that are held, so that names in them can be learned first
_HEAD = 8 << 10


@dataclass(frozen=True, slots=True)
class Wish:
    """How it is to be done. `name` is the file name of standard input, which tells its format."""

    engine: Choice
    name: str
    key: Path | None


@dataclass(frozen=True, slots=True)
class Both:
    """What the machine is known to have, and what the folder itself tells."""

    all: tuple[KnownValues, ...]

    def spans(self, data: bytes) -> Iterable[Span]:
        return [span for known in self.all for span in known.spans(data)]


def prepare(layout: Layout) -> None:
    """Compile the rules where the machine keeps its keys, so that no later run has to.

    Makes no key: an image that is copied must not hold one.
    """
    files.ensure_folder(layout.support_state, mode=0o700)
    names = Identities(bytes(32), layout.support_state)
    names.learn("", b"\n")
    Redactor(KnownValues.none(), names)


def stream(layout: Layout, manifest: Manifest | None, wish: Wish) -> Outcome:
    """Standard input to standard output. Raises CaretakerError; what is out then is redacted."""
    names, keep = _identities(layout, wish)
    blocks = _input(names)
    outcome = Outcome()
    counts: Counter[str] = Counter()
    own = own_patterns(layout, manifest, names)
    redactor = _redactor(harvest(layout, manifest), names, own, wish)
    for block in redactor.file(wish.name or "stdin", blocks, counts):
        sys.stdout.buffer.write(block)
        outcome.size += len(block)
    sys.stdout.buffer.flush()
    outcome.counts[wish.name or "-"] = dict(sorted(counts.items()))
    keep()
    return outcome


def folder(
    layout: Layout, manifest: Manifest | None, wish: Wish, source: Path, target: Path
) -> Outcome:
    """Every file of a folder. Raises CaretakerError."""
    names, keep = _identities(layout, wish)
    learn_all(source, names)
    known = Both((harvest(layout, manifest), harvest_folder(source)))
    own = own_patterns(layout, manifest, names)
    outcome = redact_all(source, target, _redactor(known, names, own, wish))
    keep()
    return outcome


def _redactor(known: Known, names: Identities, own: tuple[OwnPattern, ...], wish: Wish) -> Redactor:
    try:
        return Redactor(known, names, own, engine=wish.engine)
    except ImportError as error:
        raise MachineError(
            "redaction-failed",
            "the engine hyperscan is not installed here",
            hint="caretaker redact --engine plain does the same, more slowly",
        ) from error


def _input(names: Identities) -> Iterator[bytes]:
    """Standard input, its names learned first: all of a file, the first part of a pipe."""
    fd = sys.stdin.fileno()
    head = os.read(fd, _BLOCK)
    if not is_text(head[:_HEAD]):
        raise RefusedError(
            "refused",
            "standard input is not text",
            hint="unpack or convert it first: zcat FILE | caretaker redact",
        )
    try:
        here = os.lseek(fd, 0, os.SEEK_CUR)
    except OSError:
        held = [head, *_until(fd, _HELD)]
        _learn(held, names)
        return _then(held, fd)
    _learn(_then([head], fd), names)
    os.lseek(fd, here, os.SEEK_SET)
    return _then([head], fd)


def _learn(blocks: Iterable[bytes], names: Identities) -> None:
    for window in recut(blocks):
        names.learn("", window.core)


def _until(fd: int, most: int) -> Iterator[bytes]:
    size = 0
    while size < most and (block := os.read(fd, _BLOCK)):
        size += len(block)
        yield block


def _then(held: Iterable[bytes], fd: int) -> Iterator[bytes]:
    yield from held
    while block := os.read(fd, _BLOCK):
        yield block


def _identities(layout: Layout, wish: Wish) -> tuple[Identities, Callable[[], None]]:
    """With the key there is, and what keeps the map beside it."""
    path = wish.key or _key_path(layout)
    key = key_at(path.absolute())
    ours = wish.key is None
    # Compiled rules run as they are: never those of another machine's disk.
    names = Identities(key, path.parent if ours and not is_rescue(layout.root) else None)
    names.learn_machine(layout)

    def keep() -> None:
        if ours:
            pseudonym_map.keep(layout, names.given(), beside=path)

    return names, keep


def _key_path(layout: Layout) -> Path:
    """The machine's where it has one or this user may make it; else the user's own."""
    path = layout.pseudonym_key
    if os.access(path, os.R_OK) or (layout.state.is_dir() and os.access(layout.state, os.W_OK)):
        return path
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    own = Path(state).expanduser() / "caretaker" / path.name
    if not own.exists():
        click.echo(f"pseudonyms are made with a key of your own, {own}", err=True)
    return own
