"""A stranger's program in a cell of its own: it writes where it may, and nothing outlives it.

Owns running one to its end or its time: namespaces of its own (pid, mount, IPC, network), the
user, both outputs, the pipe for its progress. Nothing of it is left when `run` returns, and when
this process is killed the kernel ends it all (`agent.host.cell_launch`). Where the machine gives us
no namespaces, it runs in a session of its own and its descendants are ended one by one. Refuses
shells, and to run as root unless told to.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.host import cell_launch
from agent.host.failures import HostFailure
from agent.host.spawn import feed, identity_of, minimal_environment

PROGRESS = 3  # the descriptor that a program may write its progress to
STDOUT_CAP = 1 << 20  # bytes
EVIDENCE = 16 << 10  # bytes of what it said last
_PATIENCE = 20.0  # seconds for the kernel to end everything
_PRIVATE = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  (mount points of the new namespace)
_HIDDEN = ("/run",)  # sockets of the machine's services: a name is all it takes to talk to them
_RESOLVER = "/run/systemd/resolve"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a program may do. `writable` are folders, the only ones it can write to besides /tmp.

    `kept` stay visible where they lie below /run or /tmp. `shut` are folders in which it finds
    nothing but what is writable: a socket is connected to also where nothing can be written.
    `network`: the machine's; else a
    loopback of its own. `user` is who it is (`spawn.run`); `must`: no namespaces is a failure.
    `own_run`: it may write to /run, which is empty and its own. `slice`: below that one systemd
    begins a transient scope for it.
    """

    writable: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    shut: tuple[Path, ...] = ()
    user: str = ""
    network: bool = False
    must: bool = False
    own_run: bool = False
    slice: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. `status` is its exit status, or minus the signal; `stdout` is cut at its cap.

    `evidence` is what it said last, on both outputs. `unfenced` says why it had no namespaces.
    """

    status: int
    seconds: float
    stdout: bytes = field(repr=False)
    evidence: bytes = field(repr=False)
    timed_out: bool = False
    unfenced: str = ""
    trouble: str = ""  # why it could not be run at all

    @property
    def reason(self) -> str:
        if self.trouble:
            return self.trouble
        if self.timed_out:
            return f"no end after {self.seconds:.0f} s"
        if self.status < 0:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"


def run(
    argv: Sequence[str],
    cell: Cell,
    *,
    timeout: float,
    folder: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    heard: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Run a program in a cell; `heard` gets each line of its progress. Raises HostFailure.

    Whatever climbs out of `heard`, and SIGTERM's SystemExit, ends the program first.
    """
    begun = time.monotonic()
    watch = _Watch(heard)
    try:
        child = _start(argv, cell, folder, env, watch)
    except KeyError:
        watch.close()
        raise HostFailure(f"there is no user {cell.user}") from None
    except OSError as error:
        watch.close()
        raise HostFailure(f"{argv[0]} could not be run: {error.strerror or error}") from error
    try:
        timed_out = watch.pump(child, stdin, begun + timeout)
    finally:
        _end(child)
        watch.close()
    return Ended(
        status=watch.status if watch.status is not None else child.returncode,
        seconds=time.monotonic() - begun,
        stdout=bytes(watch.stdout),
        evidence=bytes(watch.evidence),
        timed_out=timed_out,
        unfenced=watch.unfenced,
        trouble=watch.trouble or _unsaid(watch, child, timed_out=timed_out),
    )


def _unsaid(watch: _Watch, child: subprocess.Popen[bytes], *, timed_out: bool) -> str:
    """The launcher, or systemd-run in front of it, ended without a word of its own."""
    if timed_out or watch.status is not None:
        return ""
    words = watch.evidence.decode(errors="replace").strip().splitlines()
    return words[-1] if words else f"it could not be begun (status {child.returncode})"


def _start(
    argv: Sequence[str], cell: Cell, folder: Path, env: Mapping[str, str] | None, watch: _Watch
) -> subprocess.Popen[bytes]:
    uid, gid, groups = identity_of(cell.user)
    if uid is not None:
        # It may open /dev/fd/3 anew, as shells do: that asks who owns the pipe.
        os.fchown(watch.progress_in, uid, gid if gid is not None else -1)
    plan = {
        "uid": uid,
        "gid": gid,
        "groups": groups,
        "folder": str(folder),
        "network": cell.network,
        "must": cell.must,
        "writable": [str(path) for path in cell.writable],
        "kept": [str(path) for path in (*cell.kept, folder, *_resolver(cell), *_ours())],
        "hidden": [path for path in ([] if cell.own_run else _HIDDEN) if _is_folder(path)],
        "shut": [str(path) for path in cell.shut if _is_folder(str(path))],
        "private": [
            path for path in (*_PRIVATE, *(_HIDDEN if cell.own_run else ())) if _is_folder(path)
        ],
        "progress": watch.progress_in,
    }
    words = [sys.executable, "-I", "-S", cell_launch.__file__, str(os.getpid())]
    words += [str(watch.report_in), json.dumps(plan), "--", *argv]
    if cell.slice:
        words = [*_scope(cell.slice), *words]
    child = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=minimal_environment(env),
        cwd="/",
        start_new_session=True,
        pass_fds=(watch.report_in, watch.progress_in),
    )
    watch.started()
    return child


def tell(done: int, total: int) -> None:
    """From within a cell: how far it is."""
    with contextlib.suppress(OSError):
        os.write(PROGRESS, f"{done} {total}\n".encode())


def _scope(name: str) -> list[str]:
    # It becomes the launcher (exec), so that this process stays its parent.
    return ["systemd-run", "--scope", "--quiet", "--collect", f"--slice={name}", "--"]


def _resolver(cell: Cell) -> list[Path]:
    return [Path(_RESOLVER)] if cell.network and _is_folder(_RESOLVER) else []


def _ours() -> list[Path]:
    """Our interpreter and code where they lie below what is hidden: a root of its own in /tmp."""
    places = {Path(sys.prefix), Path(sys.base_prefix), Path(cell_launch.__file__).parents[2]}
    hides = (*_PRIVATE, *_HIDDEN)
    return [place for place in sorted(places) if any(map(place.is_relative_to, hides))]


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _end(child: subprocess.Popen[bytes]) -> None:
    """SIGTERM makes the launcher end all that is inside, and end itself only once it is gone."""
    try:
        if child.poll() is None:
            child.terminate()
            child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise HostFailure(
            f"what {child.args!r:.60} began could not be ended; a disk may not answer"
        ) from None
    finally:
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class _Watch:
    """Everything that is heard of a program while it runs."""

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._report, self.report_in = os.pipe2(os.O_CLOEXEC)
        self._progress, self.progress_in = os.pipe2(os.O_CLOEXEC)
        self._rest = {self._report: b"", self._progress: b""}
        self.stdout, self.evidence = bytearray(), bytearray()
        self.status: int | None = None
        self.unfenced = self.trouble = ""

    def started(self) -> None:
        for fd in (self.report_in, self.progress_in):
            os.close(fd)
        self.report_in = self.progress_in = -1

    def close(self) -> None:
        for fd in (self._report, self._progress, self.report_in, self.progress_in):
            if fd >= 0:
                os.close(fd)

    def pump(self, child: subprocess.Popen[bytes], stdin: bytes, deadline: float) -> bool:
        """Until the launcher has ended, or the deadline (then True)."""
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        pending = memoryview(stdin)
        with selectors.DefaultSelector() as selector:
            for fd in (child.stdout.fileno(), child.stderr.fileno(), self._report, self._progress):
                selector.register(fd, selectors.EVENT_READ)
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin.fileno(), selectors.EVENT_WRITE)
            gone = os.pidfd_open(child.pid)
            try:
                selector.register(gone, selectors.EVENT_READ)
                while True:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return True
                    ready = selector.select(left)
                    for key, mask in ready:
                        if mask & selectors.EVENT_WRITE:
                            pending = feed(child, selector, pending)
                        elif key.fd != gone:
                            self._read(key.fd, child.stdout.fileno(), selector)
                    # Its last words first: they are in the pipes before it is gone.
                    if [key.fd for key, _ in ready] == [gone]:
                        return False
            finally:
                os.close(gone)

    def _read(self, fd: int, stdout: int, selector: selectors.DefaultSelector) -> None:
        chunk = os.read(fd, 65536)
        if not chunk:
            selector.unregister(fd)
            return
        if fd in self._rest:
            *lines, rest = (self._rest[fd] + chunk).split(b"\n")
            self._rest[fd] = rest[-_LINE:]
            for line in lines:
                self._line(fd, line[:_LINE].decode(errors="replace"))
            return
        if fd == stdout:
            self.stdout += chunk[: STDOUT_CAP - len(self.stdout)]
        self.evidence += chunk
        del self.evidence[:-EVIDENCE]

    def _line(self, fd: int, line: str) -> None:
        if fd == self._progress:
            self._heard(line)
            return
        word, _, rest = line.partition(" ")
        if word == "plain":
            self.unfenced = rest
        elif word == "error":
            self.trouble = rest
        elif word == "end":
            self.status = int(rest)


_LINE = 4096  # bytes of one line that is looked at
