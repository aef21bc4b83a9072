"""Long-lived child processes: started on a leash, known for certain, ended with their family.

Owns starting, finding out how one ended while it still holds its pid, and finding the processes it
left. Refuses policy: when to start, restart or kill is the supervisor's business.

A process is known by pid and start time together, since pids are used again; and signals go
through a pidfd, so that none can reach the wrong one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.host import leash
from agent.host.failures import FileFailure, HostFailure
from agent.host.spawn import children_of, identity_of, minimal_environment

MARK = "CARETAKER_SERVICE"  # names the service in the environment of all its processes
_REPORT_CAP = 400  # bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for certain. `started` is clock ticks after boot (proc(5), stat field 22)."""

    pid: int
    started: int


class Child:
    """A running child. Its pid is ours until `reap`, also after it ended."""

    def __init__(self, process: subprocess.Popen[bytes], report: int) -> None:
        self._process = process
        self.report = report
        self.pidfd = os.pidfd_open(process.pid)
        stat = _stat(process.pid)
        self.identity = Identity(process.pid, stat.started if stat else 0)

    def said(self) -> str:
        """Why it could not become its program; empty once it has. Call when `report` is ready."""
        text = os.read(self.report, _REPORT_CAP).decode(errors="replace")
        os.close(self.report)
        self.report = -1
        return text

    def ended(self) -> int | None:
        """Its exit status, or minus the signal; None while it runs. It stays a zombie."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        found = os.waitid(os.P_PID, self.identity.pid, options)
        if found is None:
            return None
        return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status

    def reap(self) -> None:
        """Give the pid back. Only after it ended."""
        self._process.wait()
        os.close(self.pidfd)
        if self.report >= 0:
            os.close(self.report)
            self.report = -1


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. `mark` names it in its processes' environment; `user` only as root."""

    argv: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    mark: str
    user: str = ""


def start(program: Program) -> Child:
    """Start a program in a session of its own, its output added to its log (0640).

    Call it from a thread that lives as long as the child: the leash is tied to the thread
    (prctl(2), PR_SET_PDEATHSIG). Raises HostFailure.
    """
    out = _open_log(program.log)
    ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    argv = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(theirs), "--"]
    try:
        uid, gid, groups = identity_of(program.user)
        process = subprocess.Popen(
            [*argv, *program.argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**minimal_environment(program.environment), MARK: program.mark},
            cwd=program.folder,
            start_new_session=True,
            pass_fds=(theirs,),
            user=uid,
            group=gid,
            extra_groups=groups,
        )
    except (OSError, KeyError) as error:
        os.close(ours)
        raise HostFailure(f"{program.argv[0]} could not be started: {error}") from error
    finally:
        os.close(theirs)
        os.close(out)
    try:
        return Child(process, ours)
    except OSError as error:  # EMFILE: without a pidfd it could not be watched, so not kept either
        os.close(ours)
        process.kill()
        process.wait()
        raise HostFailure(f"{program.argv[0]} could not be watched: {error.strerror}") from error


def family(mark: str, child: Identity | None) -> list[Identity]:
    """Every living process that belongs to a program, this one aside.

    By its session or group while `child` holds the number (also as a zombie), and by the mark in
    its environment, which also finds those that left the session and those of an earlier daemon.
    """
    found = []
    leader = child.pid if child else 0
    wanted = f"{MARK}={mark}".encode()
    for pid in _pids():
        stat = _stat(pid)
        if stat is None or stat.state in "ZX" or pid == os.getpid():
            continue
        if (leader and leader in (stat.session, stat.group, pid)) or _carries(pid, wanted):
            found.append(Identity(pid, stat.started))
    return found


def below(identity: Identity) -> list[Identity]:
    """Every descendant of a process that runs. PostgreSQL's leave its session, and wipe the mark.

    Once it has ended they are nobody's: look before it is killed.
    """
    found = []
    for pid in descendants(identity.pid) if is_running(identity) else []:
        stat = _stat(pid)
        if stat is not None and stat.state not in "ZX":
            found.append(Identity(pid, stat.started))
    return found


def is_running(identity: Identity) -> bool:
    """Whether this very process still runs."""
    stat = _stat(identity.pid)
    return stat is not None and stat.started == identity.started and stat.state not in "ZX"


def send(identity: Identity, number: signal.Signals) -> None:
    """Signal this very process; quiet where it is gone or not ours."""
    with contextlib.suppress(OSError):
        pidfd = os.pidfd_open(identity.pid)
        try:
            # The descriptor holds whoever has the pid now; the start time says who that is.
            stat = _stat(identity.pid)
            if stat is not None and stat.started == identity.started:
                signal.pidfd_send_signal(pidfd, number)
        finally:
            os.close(pidfd)


def descendants(pid: int) -> list[int]:
    """The processes below one, for the price of those alone; not those that left its tree."""
    found = children_of(pid)
    for each in found:
        found.extend(children_of(each))
    return found


@dataclass(frozen=True, slots=True)
class _Stat:
    state: str
    group: int
    session: int
    started: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold spaces and parentheses itself.
    words = text[text.rindex(")") + 2 :].split()
    return _Stat(words[0], int(words[2]), int(words[3]), int(words[19]))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _carries(pid: int, wanted: bytes) -> bool:
    try:
        # Refused for other users' processes, which are none of ours then.
        return wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _open_log(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o640)
    except OSError as error:
        raise FileFailure(path, "write", error.strerror or str(error)) from error
