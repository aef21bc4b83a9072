"""A long program run to its end while somebody listens to its lines.

Owns the wait, the leash (it ends when we are killed) and the cap on what is kept of its words.
Refuses shells, and a program that says nothing at all for longer than it may.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.host import leash, spawn
from agent.host.spawn import Completed, end_family, identity_of, minimal_environment

_CAP = 1 << 20  # bytes of a line, and of what is kept of its errors
_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Program:
    """What is run. `out` is a descriptor that takes its output; -1: its lines are listened to.

    `given` is one that it reads from; -1: there is nothing to read."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None = None
    user: str = ""
    out: int = -1
    given: int = -1


def run_long(
    program: Program, *, silent: float, listen: Callable[[str], None] = lambda line: None
) -> Completed:
    """Run it and wait; never raises for how it ends. `stdout` of the result is empty.

    It is ended, with its family, where for `silent` seconds neither output said anything; and by
    the kernel where we die (its processor time is nobody's then).
    """
    begun = time.monotonic()
    report, theirs = os.pipe2(os.O_CLOEXEC)
    tied = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(theirs), "--"]
    try:
        uid, gid, groups = identity_of(program.user)
        child = subprocess.Popen(
            [*tied, *program.argv],
            stdin=subprocess.DEVNULL if program.given < 0 else program.given,
            stdout=subprocess.PIPE if program.out < 0 else program.out,
            stderr=subprocess.PIPE,
            env=minimal_environment(program.env),
            cwd=program.cwd,
            start_new_session=True,
            pass_fds=(theirs,),
            user=uid,
            group=gid,
            extra_groups=groups,
        )
    except (OSError, KeyError) as error:
        os.close(report)
        return Completed(tuple(program.argv), 126, "", str(error), 0.0)
    finally:
        os.close(theirs)
    try:
        errors, timed_out = _pump(child, silent, listen)
        complaint = os.read(report, _CHUNK).decode(errors="replace")
    finally:
        os.close(report)
        if child.poll() is None:
            end_family(child.pid)
        child.wait()
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()
    if complaint:
        complaint = f"{program.argv[0]}: {complaint}"
    return Completed(
        tuple(program.argv), child.returncode, "", complaint or errors.decode(errors="replace"),
        time.monotonic() - begun, timed_out=timed_out, missing="No such file" in complaint,
    )  # fmt: skip


def _pump(
    child: subprocess.Popen[bytes], silent: float, listen: Callable[[str], None]
) -> tuple[bytes, bool]:
    errors, line = bytearray(), bytearray()
    deadline = time.monotonic() + silent
    with selectors.DefaultSelector() as selector:
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return bytes(errors), True
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                deadline = time.monotonic() + silent
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is child.stderr:
                    errors += chunk
                    del errors[:-_CAP]
                else:
                    _tell(line, chunk, listen)
    if line:
        listen(line.decode(errors="replace"))
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(silent)
    return bytes(errors), child.poll() is None


def _tell(line: bytearray, chunk: bytes, listen: Callable[[str], None]) -> None:
    *whole, rest = chunk.split(b"\n")
    for each in whole:
        listen((bytes(line) + each)[:_CAP].decode(errors="replace"))
        line.clear()
    line += rest
    del line[_CAP:]


def is_installed(program: str) -> bool:
    """Whether the spawner's fixed PATH has it."""
    return any(os.access(f"{folder}/{program}", os.X_OK) for folder in spawn.PATH.split(":"))
