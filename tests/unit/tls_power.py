"""What must hold of certificates after a power cut, and that the next run makes it good."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from agent.tls import judging, placing
from agent.tls.pair import adopt, make
from agent.tls.placing import Issued
from tests.unit.tls_stage import wanted

NOW = 1795248000.0


def sound(root: Path, *, had_one: bool, at: float = NOW) -> list[str]:
    """Complaints about the pair in use: it is there if one was, and proves itself."""
    want = wanted(root, at)
    current = want.home / placing.CURRENT
    folder = placing.in_use(want.home)
    if folder is None:
        dangling = current.is_symlink()
        return ["`current` names nothing"] if dangling else ["no pair is in use"] if had_one else []
    seen = judging.read(folder)
    if isinstance(seen, judging.Trouble):
        return [f"the pair in use: {seen.code}: {seen.summary}"]
    complaint = placing.prove(folder, "shop.example")
    return [f"the pair in use fails its handshake: {complaint}"] if complaint else []


def converges(root: Path, *, at: float = NOW) -> list[str]:
    """Complaints after the next run: everything is good, and nothing is left over."""
    want = wanted(root, at, boot="after the cut")
    trouble = judging.decide(want)
    with unsynced():
        if trouble is not None and not trouble.refusal:
            make(want)
        placing.tidy(want.home)
    told = [f"after the next run: {found}" for found in sound(root, had_one=True, at=at)]
    left = placing.half_made(want.home)
    again = judging.decide(wanted(root, at, boot="after the cut"))
    told += [f"after the next run: {again.code}"] if again and not again.refusal else []
    return told + [f"left over: {path.name}" for path in left]


def check(*, had_one: bool, at: float = NOW) -> Callable[[Path], list[str]]:
    return lambda root: sound(root, had_one=had_one, at=at) or converges(root, at=at)


@contextmanager
def unsynced() -> Iterator[None]:
    """The next run's own fsyncs are not what is looked at; they only cost time."""
    with mock.patch.object(os, "fsync"):
        yield


def first(root: Path) -> None:
    make(wanted(root, NOW))


def renewal(root: Path) -> None:
    make(wanted(root, NOW + 300 * 86400, boot="two"))


def imported(issued: Issued) -> Callable[[Path], object]:
    return lambda root: adopt(wanted(root, NOW), issued)
