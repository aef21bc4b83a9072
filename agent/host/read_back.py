"""A copy read back from the disk and held against what was written.

Owns the walk through the copy, and asking the disk for many files at once: one after the other,
each small one would wait for the disk. Refuses to know where the content came from.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.host import file_content
from agent.host.chain import FOLDER, Chain
from agent.host.file_content import Proof
from agent.host.tree_copy import CopyFailure, entries, shown

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AT_ONCE = 64  # files


@dataclass(slots=True)
class _Work:
    proofs: dict[int, Proof]  # by inode
    tell: Callable[[int], None]
    size: int = 0
    seen: set[int] = field(default_factory=set)
    asked: list[tuple[int, str, Proof]] = field(default_factory=list)


def read_back(target: int, proofs: dict[int, Proof], tell: Callable[[int], None]) -> None:
    """Read all copied content from the disk and compare; flush it before. OSError, CopyFailure.

    `tell` gets the bytes done now and then.
    """
    # Opened anew: btrfs does not list what was made after a folder was opened (Linux 6.5).
    top = os.open(".", FOLDER, dir_fd=target)
    chain = Chain(top)
    work = _Work(proofs, tell)
    try:
        _walk(work, chain)
        _compare(work)
    finally:
        for file, _, _ in work.asked:
            os.close(file)
        chain.close()
        os.close(top)
    if len(work.seen) != len(proofs):
        raise CopyFailure(errno.EIO, "a file that was copied is not there", "")


def _walk(work: _Work, chain: Chain) -> None:
    pending = [entries(chain.here)]
    while pending:
        if not pending[-1]:
            pending.pop()
            if pending:
                chain.leave()
            continue
        number, name, kind = pending[-1].pop()
        if kind == stat.S_IFDIR:
            chain.enter(name)
            pending.append(entries(chain.here))
        elif number in work.proofs and number not in work.seen:
            work.seen.add(number)
            _ask(work, chain, name, work.proofs[number])
            if len(work.asked) >= _AT_ONCE:
                _compare(work)


def _ask(work: _Work, chain: Chain, name: str, proof: Proof) -> None:
    file = os.open(name, _READ, dir_fd=chain.here)
    work.asked.append((file, chain.path(name), proof))
    file_content.fetch_anew(file)


def _compare(work: _Work) -> None:
    while work.asked:
        file, path, proof = work.asked[0]
        if not file_content.is_as_written(file, proof):
            why = "the copy reads back differently: disk or memory is faulty"
            raise CopyFailure(errno.EIO, why, shown(path))
        os.close(file)
        del work.asked[0]
        work.size += proof.size
    work.tell(work.size)
