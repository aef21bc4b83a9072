"""The last steps before a stranger's program runs: namespaces, mounts, user, then exec.

Run as a script of its own, `python -I -S cell_launch.py PARENT REPORT PLAN -- PROGRAM ARG...`; PLAN
is JSON made by `agent.host.cell`. Three processes: this one waits outside; below it the first of a
new pid namespace waits inside, so that its end is the end of every process there (and its parent's
death its own: pid_namespaces(7), prctl(2), PR_SET_PDEATHSIG); below that the program.

Tells over the descriptor REPORT, a line each: `cell` or `plain WHY` (how it is fenced in), `error
WHY` (it could not be run), `end STATUS`. Imports nothing of ours; waits for no thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from types import FrameType
from typing import Any, NoReturn

Plan = dict[str, Any]  # see `agent.host.cell`

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEWNS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # fmt: skip
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = (
    2, 4, 8, 0x1000, 0x4000, 0x40000)  # fmt: skip
_PR_SET_PDEATHSIG, _PR_SET_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_MOUNT_SETATTR = 442  # the same number on every architecture; Linux 5.12
_AT_RECURSIVE = 0x8000
_RDONLY, _NOSUID = 1, 2
_SIOCSIFFLAGS, _UP = 0x8914, 1
_OPEN_FILES = 65536
_UMASK = 0o077
_PROGRESS = 3  # `cell.PROGRESS`
_FAILED = 125
_ENDED = 124


def main(argv: list[str]) -> int:
    parent, report, plan, program = int(argv[1]), int(argv[2]), json.loads(argv[3]), argv[5:]
    os.set_inheritable(report, False)  # noqa: FBT003  (the function takes it by position only)
    try:
        _tie(signal.SIGKILL)
        if os.getppid() != parent:
            return _FAILED  # It died before the leash was on.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        why = _unshare(plan)
        if why and plan["must"]:
            raise OSError(0, why)
        _say(report, f"plain {why}" if why else "cell")
        inside = _fork_inside(plan, program, report, fenced=not why)
    except OSError as error:
        _say(report, f"error {_words(error)}")
        return _FAILED
    return _wait_outside(inside, fenced=not why)


def _say(report: int, text: str) -> None:
    os.write(report, f"{text}\n".encode(errors="replace"))


def _words(error: OSError, what: str = "") -> str:
    place = what if error.filename is None else os.fsdecode(error.filename)
    return f"{place}: {error.strerror}" if place else str(error.strerror or error)


def _check(result: int, what: str) -> None:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, value: int) -> None:
    _check(_LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0), "prctl")


def _tie(number: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, number)


# --- namespaces ---
def _unshare(plan: Plan) -> str:
    """Enter new namespaces; why not, where the machine has none for us."""
    wanted = _NEWNS | _NEWPID | _NEWIPC | (0 if plan["network"] else _NEWNET)
    uid, gid = os.geteuid(), os.getegid()
    if uid:
        wanted |= _NEWUSER
    if _LIBC.unshare(wanted) == -1:
        return f"no namespaces of its own ({os.strerror(ctypes.get_errno())})"
    if uid:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{uid} {uid} 1")
        _write("/proc/self/gid_map", f"{gid} {gid} 1")
    return ""


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _fork_inside(plan: Plan, program: list[str], report: int, *, fenced: bool) -> int:
    """Fork the first process of the namespace; it goes on once it is tied to us for certain."""
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        code = _FAILED
        try:
            # Without a namespace nobody ends the others for it, so it must do that itself.
            _tie(signal.SIGKILL if fenced else signal.SIGTERM)
            os.close(go[1])
            os.write(ready[1], b".")
            if os.read(go[0], 1) == b".":
                for each in (*ready, go[0]):
                    os.close(each)
                code = _inside(plan, program, report, fenced=fenced)
        except OSError as error:
            _say(report, f"error {_words(error)}")
        finally:
            os._exit(code)  # A crash tells nobody anything, and is an end without a status.
    os.close(ready[1])
    os.close(go[0])
    if os.read(ready[0], 1) == b".":
        os.write(go[1], b".")
    os.close(ready[0])
    os.close(go[1])
    return pid


def _wait_outside(inside: int, *, fenced: bool) -> int:
    """Until the inside is over, or SIGTERM says to end it: with it every process it has."""

    def end(_number: int, _frame: FrameType | None) -> None:
        if not fenced:
            _end_all()
        _kill(inside, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return 0 if os.waitpid(inside, 0)[1] == 0 else _ENDED


# --- the first process inside ---
def _inside(plan: Plan, program: list[str], report: int, *, fenced: bool) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN if fenced else _end_inside)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if fenced:
        if not plan["network"]:
            # Before /proc can't be written any more. No other machine hears of these ports.
            with contextlib.suppress(OSError):
                _write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
        _mounts(plan)
        if not plan["network"]:
            _loopback_up(needed=plan["must"])
    else:
        # What leaves its parent comes to us, so that it can be found (prctl(2)).
        _prctl(_PR_SET_SUBREAPER, 1)
    pid = os.fork()
    if pid == 0:
        _become(plan, program, report, fenced=fenced)
    child = status = 0
    while child != pid:
        child, status = os.waitpid(-1, 0)
    if not fenced:
        _end_all()
    _say(report, f"end {os.waitstatus_to_exitcode(status)}")
    return 0


def _end_inside(_number: int, _frame: FrameType | None) -> None:
    _end_all()
    os._exit(_FAILED)


def _become(plan: Plan, program: list[str], report: int, *, fenced: bool) -> NoReturn:
    try:
        os.setsid()
        report = fcntl.fcntl(report, fcntl.F_DUPFD_CLOEXEC, 10)
        os.dup2(plan["progress"], _PROGRESS)
        if plan["progress"] != _PROGRESS:
            os.close(plan["progress"])
        if plan["uid"] is not None:
            os.setgroups(plan["groups"])
            os.setresgid(plan["gid"], plan["gid"], plan["gid"])
            os.setresuid(plan["uid"], plan["uid"], plan["uid"])
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        if not fenced:
            _tie(signal.SIGKILL)  # Only now: a change of user takes it off again.
        # A core dump would hold the secrets of the environment.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        soft = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        # Ignored signals and the mask survive exec (execve(2)).
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(_UMASK)
        os.chdir(plan["folder"])
        os.execvp(program[0], program)  # noqa: S606  (an argument list; there is no shell)
    except OSError as error:
        _say(report, f"error {_words(error, program[0])}")
    finally:
        os._exit(_FAILED)


def _end_all() -> None:
    """SIGKILL to every descendant, frozen from the top so that a forking one can't outrun us."""
    family = _children(os.getpid())
    for member in family:
        _kill(member, signal.SIGSTOP)
        family += _children(member)
    for member in family:
        _kill(member, signal.SIGKILL)


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):  # It is gone, or another user's.
        os.kill(pid, number)


def _children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


# --- what it sees ---
def _mounts(plan: Plan) -> None:
    """Everything can be read as before, nothing written but `writable`; `hidden` is empty, and so
    is `shut` but for what is writable in it."""
    _mount("", "/", "", _MS_REC | _MS_PRIVATE, "")
    # By descriptor, since a hidden folder may hold one that is kept.
    os.umask(0o022)
    kept, writable = (
        [(path, os.open(path, os.O_PATH)) for path in plan[each]] for each in ("kept", "writable")
    )
    for path in plan["hidden"]:
        _empty(path)
    for path in plan["private"]:
        _mount("tmpfs", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    _bind(kept)
    for path in plan["shut"]:
        os.makedirs(path, exist_ok=True)  # It may stand in what was hidden.
        _empty(path)
    _bind(writable)
    with contextlib.suppress(OSError):  # A container that masks parts of it; the old one does.
        _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "")
    _attributes("/", _RDONLY | _NOSUID, 0, _AT_RECURSIVE)
    for path in plan["writable"] + plan["private"]:
        _attributes(path, 0, _RDONLY, 0)


def _empty(path: str) -> None:
    _mount("tmpfs", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m")


def _bind(places: list[tuple[str, int]]) -> None:
    for path, fd in places:
        os.makedirs(path, exist_ok=True)
        _mount(f"/proc/self/fd/{fd}", path, "", _MS_BIND | _MS_REC, "")
        os.close(fd)


def _mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    words = [os.fsencode(word) for word in (source, target, kind)]
    _check(_LIBC.mount(*words, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def _attributes(path: str, on: int, off: int, flags: int) -> None:
    attributes = struct.pack("QQQQ", on, off, 0, 0)
    done = _LIBC.syscall(
        ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(-100), os.fsencode(path), ctypes.c_uint(flags),
        attributes, ctypes.c_size_t(len(attributes)))  # fmt: skip
    _check(done, f"mount_setattr {path}")


def _loopback_up(*, needed: bool) -> None:
    """Takes CAP_NET_ADMIN, which a one-shot's sandbox may lack; a migration can do without."""
    up = struct.pack("16sh14x", b"lo", _UP)
    allowed = contextlib.nullcontext() if needed else contextlib.suppress(OSError)
    with allowed, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, _SIOCSIFFLAGS, up)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
