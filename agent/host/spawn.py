"""The one spawner: runs a program to its end, or ends it.

Owns the safe defaults of every child: argument list, closed stdin, C locale, fixed PATH, a
time limit that ends the whole process group and its escaped descendants, and an output cap.
Refuses shells: there is no way to hand a string to one from here.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OUTPUT_CAP = 1 << 20  # bytes a stream


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended. `status` is its exit status, or minus the signal that ended it."""

    argv: tuple[str, ...]
    status: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    truncated: bool = False
    missing: bool = False

    @property
    def ok(self) -> bool:
        return self.status == 0 and not self.timed_out

    @property
    def reason(self) -> str:
        """One line on why it did not work: what it said last, or how it ended."""
        if self.missing:
            return f"{self.argv[0]}: no such program"
        if self.timed_out:
            return f"no end after {self.seconds:.1f} s"
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        if lines:
            # An indented line only goes on with the one before, as libpq's advice does.
            begun = [line for line in lines if not line[:1].isspace()] or lines
            return begun[-1].strip()[:300]
        if self.status < 0:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str = "",
    output_cap: int = OUTPUT_CAP,
) -> Completed:
    """Run a program and wait at most `timeout` seconds; never raises for how it ends.

    `env` is added to a minimal environment. `user` is who runs it, with that one's groups; only
    root can choose, for everybody else it changes nothing. Output above `output_cap` bytes a
    stream is read and dropped, so that the program is not blocked by us.
    """
    begun = time.monotonic()
    piped = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    try:
        child = _start(argv, piped, minimal_environment(env), cwd, user)
    except KeyError:
        return Completed(tuple(argv), 126, "", f"there is no user {user}", 0.0)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        text = f"{argv[0]}: {error.strerror}"
        return Completed(tuple(argv), 127 if missing else 126, "", text, 0.0, missing=missing)
    try:
        out, err, truncated, timed_out = _pump(child, stdin, begun + timeout, output_cap)
    finally:
        if child.poll() is None:
            end_family(child.pid)
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
    return Completed(
        tuple(argv),
        child.returncode,
        out.decode(errors="replace"),
        err.decode(errors="replace"),
        time.monotonic() - begun,
        timed_out=timed_out,
        truncated=truncated,
    )


def _start(
    argv: Sequence[str], stdin: int, env: dict[str, str], cwd: Path | None, user: str
) -> subprocess.Popen[bytes]:
    """OSError, and KeyError for an unknown user."""
    uid, gid, groups = identity_of(user)
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=groups,
    )


def identity_of(user: str) -> tuple[int | None, int | None, list[int] | None]:
    """(uid, gid, groups) to become; Nones for whoever is not root. KeyError for an unknown name.

    `NAME:GROUP` is in that group besides the user's own, as with systemd's SupplementaryGroups=.
    """
    if not user or os.geteuid() != 0:
        return None, None, None
    import grp
    import pwd

    name, _, group = user.partition(":")
    account = pwd.getpwnam(name)
    groups = os.getgrouplist(name, account.pw_gid)
    if group:
        groups = [*groups, grp.getgrnam(group).gr_gid]
    return account.pw_uid, account.pw_gid, groups


def minimal_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a child sees: a fixed PATH, the C locale and what the caller adds, no more."""
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", **(extra or {})}


def _pump(
    child: subprocess.Popen[bytes], stdin: bytes | None, deadline: float, cap: int
) -> tuple[bytes, bytes, bool, bool]:
    """Move bytes until both outputs close and the child ends, or the deadline passes."""
    assert child.stdout is not None
    assert child.stderr is not None
    buffers = {child.stdout.fileno(): bytearray(), child.stderr.fileno(): bytearray()}
    out, err = buffers[child.stdout.fileno()], buffers[child.stderr.fileno()]
    truncated = False
    pending = memoryview(stdin or b"")
    with selectors.DefaultSelector() as selector:
        for fd in buffers:
            selector.register(fd, selectors.EVENT_READ)
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin.fileno(), selectors.EVENT_WRITE)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return bytes(out), bytes(err), truncated, True
            for key, _ in selector.select(left):
                if key.events & selectors.EVENT_WRITE:
                    pending = feed(child, selector, pending)
                    continue
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fd)
                room = cap - len(buffers[key.fd])
                buffers[key.fd] += chunk[:room]
                truncated = truncated or len(chunk) > room
    return bytes(out), bytes(err), truncated, not _ended(child, deadline)


def feed(
    child: subprocess.Popen[bytes], selector: selectors.DefaultSelector, pending: memoryview
) -> memoryview:
    """Write as much of `pending` as the child takes now; what is left. Closes its input after."""
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        if pending:
            pending = pending[os.write(child.stdin.fileno(), pending[:65536]) :]
        if pending:
            return pending
    selector.unregister(child.stdin.fileno())
    child.stdin.close()
    return pending[:0]


def _ended(child: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def end_family(pid: int) -> None:
    """SIGKILL a session leader's group and every descendant that left the group.

    The tree is frozen from the top before it is read, so that a forking child can't outrun us.
    """
    family = [pid]
    for member in family:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGSTOP)
        family.extend(children_of(member))
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    """The direct children of a process, all threads' (proc(5), /proc/pid/task/tid/children)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(word) for word in (task / "children").read_text().split()]
    return found
