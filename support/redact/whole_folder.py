"""A folder redacted into another: every regular file, in two passes.

Owns the passes: names are learned from all files first, so that it does not matter which comes
first; then each is redacted. Packed logs are unpacked and stay so. Refuses to follow links, to
read devices and pipes, and to write a file that could not be redacted to its end.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import MachineError, UsageError
from agent.host import files, outgoing, trees
from agent.host.failures import HostFailure
from agent.host.found import Found, listed
from support.redact.blocks import recut
from support.redact.identities import Identities
from support.redact.redactor import Redactor

_BLOCK = 1 << 20
_UNPACKED = 4 << 30  # bytes; no log is longer
_HEAD = 8 << 10


@dataclass
class Outcome:
    """What became of the files; `left` says why those are not there that are not."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def total(self) -> Counter[str]:
        together: Counter[str] = Counter()
        for counts in self.counts.values():
            together.update(counts)
        return together


def learn_all(folder: Path, identities: Identities) -> None:
    """First pass. What can't be read now is said in the second."""
    for found in _files(folder, Outcome()):
        try:
            for window in recut(_blocks(found)):
                identities.learn(found.relative, window.core)
        except HostFailure:
            continue


def redact_all(folder: Path, out: Path, redactor: Redactor) -> Outcome:
    """Second pass. Raises CaretakerError; what stands in `out` then is redacted, not all is."""
    outcome = Outcome()
    _prepare(folder, out)
    taken: set[str] = set()
    for found in _files(folder, outcome):
        name = _new_name(redactor.name(_unpacked_name(found.relative)), taken)
        counts: Counter[str] = Counter()
        try:
            files.ensure_folder((out / name).parent, mode=0o700)
            with outgoing.writing(out / name, mode=0o600) as write:
                for block in redactor.file(name, _text_only(_blocks(found)), counts):
                    write(block)
                    outcome.size += len(block)
        except _NotText:
            outcome.left[found.relative] = "it is not text"
            continue
        except HostFailure as failure:
            outcome.left[found.relative] = str(failure)
            continue
        outcome.counts[name] = dict(sorted(counts.items()))
    return outcome


class _NotText(HostFailure):
    """It holds a byte that no text does."""


def is_text(head: bytes) -> bool:
    return b"\0" not in head


def _prepare(folder: Path, out: Path) -> None:
    inside, outside = folder.resolve(), out.resolve()
    if inside == outside or inside in outside.parents or outside in inside.parents:
        raise UsageError(
            "usage",
            f"{out} and {folder} lie in each other",
            hint=f"caretaker redact {folder} a-folder-elsewhere",
        )
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UsageError(
            "usage", f"{out} is there already and is not an empty folder", hint="name another one"
        )
    try:
        files.ensure_folder(out, mode=0o700)
    except HostFailure as error:
        raise MachineError("file-unwritable", str(error)) from error


def _files(folder: Path, outcome: Outcome) -> Iterator[Found]:
    try:
        for leaf in trees.walk(folder):
            if leaf.is_file:
                yield listed(folder, leaf.relative, leaf.facts)
            elif leaf.is_link:
                outcome.left[leaf.relative] = "it is a link; links are not followed"
            elif not leaf.is_folder:
                outcome.left[leaf.relative] = "it is not a regular file"
    except OSError as error:
        raise MachineError(
            "file-unreadable",
            f"{error.filename or folder} can't be read: {error.strerror}",
            hint="run it as a user who may read it",
        ) from error


def _blocks(found: Found) -> Iterator[bytes]:
    kind = _kind(found.relative)
    if kind:
        # A tenth of a second, with all collectors; few folders hold packed logs.
        from support.collectors.rotated import Unpacking

        yield from Unpacking(found, kind, _UNPACKED).blocks()
        return
    fd = found.open()
    try:
        while block := os.read(fd, _BLOCK):
            yield block
    except OSError as error:
        raise HostFailure(f"it can't be read: {error.strerror}") from error
    finally:
        os.close(fd)


def _text_only(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for number, block in enumerate(blocks):
        if not number and not is_text(block[:_HEAD]):
            raise _NotText("it is not text")
        yield block


def _kind(name: str) -> str:
    """The ending of a packed log; empty for what is none."""
    ending = name.rpartition(".")[2]
    return ending if ending in ("gz", "xz", "zst", "bz2") else ""


def _unpacked_name(relative: str) -> str:
    kind = _kind(relative)
    return relative.removesuffix(f".{kind}") if kind else relative


def _new_name(name: str, taken: set[str]) -> str:
    number = 2
    wanted = name
    while wanted in taken:
        wanted, number = f"{name}.{number}", number + 1
    taken.add(wanted)
    return wanted
