"""Turning a log, killed before each of its acts: the next run goes on, and no line is missing."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.host import log_turn
from agent.host.log_turn import Terms

ACTS = ("rename", "unlink", "open", "ftruncate", "sendfile", "fsync", "fchmod", "utime")


class Killed(BaseException):
    """What no handler of the product catches, as a SIGKILL is not."""


def killed_at(number: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on the act of that number is the last; what was done before it."""
    done: list[str] = []

    def counted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*words: Any, **more: Any) -> Any:
            if len(done) == number:
                raise Killed
            done.append(name)
            return real(*words, **more)

        return act

    for name in ACTS:
        monkeypatch.setattr(os, name, counted(name, getattr(os, name)))
    return done


def lines(top: Path) -> list[str]:
    found: list[str] = []
    for path in top.iterdir():
        if not path.name.endswith(".part"):
            content = path.read_bytes()
            found += (
                (gzip.decompress(content) if path.suffix == ".gz" else content).decode().split()
            )
    return found


@pytest.mark.parametrize("copy", [True, False])
def test_killed_before_any_act_no_line_is_missing(
    copy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = Terms(keep=9, compress=True, copy=copy)
    acts = 0
    for number in range(200):
        top = tmp_path / str(number)
        top.mkdir()
        (top / "log.2").write_text("a")
        (top / "log.1").write_text("b")
        (top / "log").write_text("c")
        folder = os.open(top, os.O_RDONLY)
        with monkeypatch.context() as patched:
            done = killed_at(number, patched)
            try:
                log_turn.turn(folder, "log", terms)
                whole = True
            except Killed:
                whole = False
        assert set(lines(top)) == {"a", "b", "c"}, done
        with (top / "log").open("a") as stream:  # A writer goes on, whatever stands there.
            stream.write(" d")
        log_turn.turn(folder, "log", terms)
        os.close(folder)
        assert set(lines(top)) == {"a", "b", "c", "d"}, done
        # Copied and not yet cut: then it is there twice, which is better than not at all.
        assert lines(top).count("c") <= 1 + copy
        assert not [path.name for path in top.iterdir() if path.name.endswith(".part")]
        if whole:
            break
        acts = number
    assert acts > 10
