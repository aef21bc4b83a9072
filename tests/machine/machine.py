"""Owns what a test does with one running machine: commands, files, units, the journal.

    with boot(rootfs, label="probe") as machine:
        machine.systemctl("start", "haproxy")
        machine.wait_for(lambda: machine.run(["curl", "-fsS", "http://127.0.0.1"], check=False).ok)

The container ends with the ``with`` block whatever happens in it. Refuses to start containers in
any other way, and to judge: a test asserts.
"""

import io
import shlex
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.machine import checkout, container
from tests.machine.container import Container, MachineError

Answer = TypeVar("Answer")

TOOL = "/opt/tool"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RUN_SECONDS = 30.0
BOOT_SECONDS = 30.0


@dataclass(frozen=True)
class Ran:
    """How a command ended. ``code`` is negative for a signal, as in ``subprocess``."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0

    def __str__(self) -> str:
        line = f"{shlex.join(self.argv)} -> {self.code} in {self.seconds:.2f} s"
        return "\n".join(part for part in (line, self.out.rstrip(), self.err.rstrip()) if part)


class Machine:
    """One booted container. Made by ``boot``; every method talks to the running machine."""

    def __init__(self, running: Container) -> None:
        self.container = running
        self.environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"}
        self._background: list[subprocess.Popen[bytes]] = []

    @property
    def name(self) -> str:
        return self.container.name

    @property
    def leader(self) -> int:
        """PID 1 of the machine, as the host numbers it."""
        return self.container.leader

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float = RUN_SECONDS,
        check: bool = True,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        user: str = "",
        cwd: str = "",
    ) -> Ran:
        """Run a command to its end, as root or ``user``; of the environment it sees only ours.

        :raises MachineError: it ended with another code than 0 (unless ``check`` is off) or was
            not done after ``timeout`` seconds (always); the message carries its output
        """
        command = self._inside(argv, env, user, cwd)
        return self._finish(command, argv, timeout=timeout, check=check, stdin=stdin)

    def sh(self, script: str, *, timeout: float = RUN_SECONDS, check: bool = True) -> Ran:
        """Run a few lines of POSIX sh, which stop at the first failure."""
        return self.run(["sh", "-euc", script], timeout=timeout, check=check)

    def caretaker(self, *arguments: str, timeout: float = RUN_SECONDS, check: bool = True) -> Ran:
        """Run the tool straight from the checkout (needs the ``tool`` bind of the fixtures)."""
        return self.run([f"{TOOL}/bin/caretaker", *arguments], timeout=timeout, check=check)

    def run_outside(
        self, argv: Sequence[str], *, timeout: float = RUN_SECONDS, check: bool = True
    ) -> Ran:
        """Run a program *of the host* inside the machine's network only: load, scans, attackers."""
        entering = ["nsenter", f"--target={self.leader}", "--net", "--"]
        return self._finish([*entering, *argv], argv, timeout=timeout, check=check)

    def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, user: str = ""
    ) -> "subprocess.Popen[bytes]":
        """Start a command and leave it running; it ends with the machine at last.

        Signals sent to the handle reach ``nsenter`` only; use ``systemd-run`` inside for a
        service that the test wants to signal."""
        process = subprocess.Popen(
            self._inside(argv, env, user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._background.append(process)
        return process

    def systemctl(self, *arguments: str, timeout: float = RUN_SECONDS, check: bool = True) -> Ran:
        return self.run(["systemctl", *arguments], timeout=timeout, check=check)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, by name (all of them when none is named)."""
        wanted = [f"--property={one}" for one in properties]
        lines = self.systemctl("show", *wanted, unit).out.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def is_active(self, unit: str) -> bool:
        return self.systemctl("is-active", "--quiet", unit, check=False).ok

    def journal(self, *arguments: str, lines: int = 200) -> str:
        """The journal's last lines, oldest first; ``arguments`` as for journalctl (``-u UNIT``)."""
        tail = ["journalctl", "--no-pager", f"--lines={lines}", *arguments]
        return self.run(tail, check=False).out

    def wait_for(
        self,
        question: Callable[[], Answer],
        *,
        timeout: float = 10,
        what: str = "",
        interval: float = 0.05,
    ) -> Answer:
        """Ask until the answer is true and give it back.

        A ``MachineError`` out of the question counts as "not yet".

        :raises MachineError: still not true after ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        last: object = None
        while True:
            try:
                answer = question()
                if answer:
                    return answer
                last = answer
            except MachineError as error:
                last = error
            if time.monotonic() >= deadline:
                raise MachineError(f"waited {timeout} s for {what or question}; last: {last}")
            time.sleep(interval)

    def wait_for_port(self, port: int, *, timeout: float = 10) -> None:
        """Until something listens on the TCP port (any address, IPv4 or IPv6)."""
        ask = ["ss", "-Hltn", f"sport = :{port}"]
        self.wait_for(lambda: self.run(ask).out, timeout=timeout, what=f"port {port}")

    def read(self, path: str) -> str:
        return self.run(["cat", path]).out

    def exists(self, path: str) -> bool:
        """Whether there is anything at ``path``, a dangling link included."""
        return self.sh(f'test -e "{path}" || test -L "{path}"', check=False).ok

    def put(
        self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root:root"
    ) -> None:
        """Write a file, making its folders. Goes through a process inside, since a path taken
        from outside would follow absolute links on the host."""
        user, group = owner.split(":")
        argv = ["install", "-D", f"--mode={mode:o}", f"--owner={user}", f"--group={group}"]
        self.run([*argv, "/dev/stdin", path], stdin=content)

    def put_tree(self, source: Path, target: str) -> None:
        """Copy a folder of the host to ``target``, owned by root, modes kept."""
        self._untar(source, [path.relative_to(source) for path in source.rglob("*")], target)

    def put_checkout(self, target: str) -> None:
        """Copy what git would see of the working tree (changed and new files included)."""
        self._untar(checkout.REPOSITORY, checkout.files(), target)

    def _untar(self, source: Path, names: Sequence[Path], target: str) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name in names:
                entry = tar.gettarinfo(source / name, arcname=str(name))
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                if entry.isreg():
                    with (source / name).open("rb") as content:
                        tar.addfile(entry, content)
                else:
                    tar.addfile(entry)
        self.run(["mkdir", "-p", target])
        unpack = ["tar", "--extract", "--preserve-permissions", f"--directory={target}"]
        self.run(unpack, stdin=archive.getvalue())

    def failed_units(self) -> list[str]:
        listed = self.systemctl("list-units", "--failed", "--plain", "--no-legend", check=False)
        return [line.split()[0] for line in listed.out.splitlines() if line.strip()]

    def report(self) -> str:
        """What a person wants to see of a machine whose test failed."""
        ask = {
            "failed units": ["systemctl", "--no-pager", "--failed", "--no-legend"],
            "processes": ["ps", "-eo", "pid,ppid,user,stat,etimes,args", "--forest"],
            "journal": ["journalctl", "--no-pager", "--lines=150", "--output=short-precise"],
        }
        parts = [f"--- console ---\n{self.container.console[-4000:]}"]
        for title, argv in ask.items():
            try:
                answer = self.run(argv, check=False, timeout=5).out
            except MachineError as error:
                answer = str(error)
            parts.append(f"--- {title} ---\n{answer}")
        return "\n".join(parts)

    def poweroff(self) -> None:
        """Shut down in order; calling it again does nothing."""
        self._end_background()
        container.end(self.container)

    def kill(self) -> None:
        """Cut the power."""
        self._end_background()
        container.kill(self.container)

    def _inside(
        self, argv: Sequence[str], env: Mapping[str, str] | None, user: str = "", cwd: str = ""
    ) -> list[str]:
        entering = ["nsenter", f"--target={self.leader}", "--all", "--"]
        entering += ["env", "--ignore-environment", f"--chdir={cwd or '/'}"]
        entering += [f"{key}={value}" for key, value in {**self.environment, **(env or {})}.items()]
        if user:
            entering += ["runuser", "-u", user, "--"]
        return [*entering, *argv]

    def _finish(
        self,
        command: Sequence[str],
        argv: Sequence[str],
        *,
        timeout: float,
        check: bool,
        stdin: str | bytes = b"",
    ) -> Ran:
        if self.container.process.poll() is not None:
            raise MachineError(f"{self.name} is not running, cannot run {shlex.join(argv)}")
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(_bytes(stdin), timeout)
        except BaseException as error:
            _end(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            text = _text(error.stdout) + _text(error.stderr)
            raise MachineError(f"{shlex.join(argv)} ran over {timeout} s\n{text}") from None
        seconds = time.monotonic() - started
        ran = Ran(tuple(argv), process.returncode, _text(out), _text(err), seconds)
        if check and not ran.ok:
            raise MachineError(str(ran))
        return ran

    def _end_background(self) -> None:
        for process in self._background:
            _end(process)
        self._background.clear()


@contextmanager
def boot(
    rootfs: Path,
    *,
    label: str = "",
    hostname: str = "",
    binds: Mapping[str, Path] | None = None,
    binds_ro: Mapping[str, Path] | None = None,
    network: str = "private",
    options: Sequence[str] = (),
    degraded: bool = False,
) -> Iterator[Machine]:
    """A machine that has finished booting; it is gone when the block ends, however it ends.

    The checkout is at ``/src``, read-only. A failed unit after boot is an error unless ``degraded``
    is set.

    :raises MachineError: it did not come up
    """
    running = container.start(
        rootfs,
        label=label,
        hostname=hostname,
        binds=binds,
        binds_ro={checkout.SOURCE: checkout.REPOSITORY, **(binds_ro or {})},
        network=network,
        options=options,
    )
    machine = Machine(running)
    if network == "host":
        machine.environment["PIP_CERT"] = str(container.HOST_TRUST)
    try:
        _wait_until_booted(machine, degraded=degraded)
        yield machine
    finally:
        machine.poweroff()


def _wait_until_booted(machine: Machine, *, degraded: bool) -> None:
    def settled() -> bool:
        state = machine.systemctl("is-system-running", "--wait", check=False).out.strip()
        return state in {"running", "degraded"}

    machine.wait_for(settled, timeout=BOOT_SECONDS, what="the end of boot")
    failed = machine.failed_units()
    if failed and not degraded:
        raise MachineError(f"{machine.name} booted with failed units: {failed}\n{machine.report()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End what ``nsenter`` runs; ``nsenter`` itself follows when its command is gone."""
    deadline = time.monotonic() + 2
    while process.poll() is None:
        container.kill_children(process.pid)
        if time.monotonic() > deadline:
            process.kill()
        time.sleep(0.01)
    # Not communicate(): a daemon that detached itself may hold the other end for ever.
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")
