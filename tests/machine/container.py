"""Owns the life of one systemd-nspawn container: its name, process, cgroups, and its end.

Whatever happens to the test process, nothing may stay: a guard process beside each container
kills its PID 1 when the owner dies without saying goodbye; what a killed owner could not tidy
(cgroup folders, the state folder) the next start sweeps away by the owner's pid and start time,
which stand in the name.

Refuses to know what a test does inside (``machine.py``) and to touch a container whose owner lives.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

PREFIX = "ct"
STATE = Path("/run/caretaker-tests")
PROPAGATE = Path("/run/systemd/nspawn/propagate")
CGROUP_ROOTS = (Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"))
HOST_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
NEEDS = ("systemd-nspawn", "nsenter")
TICK_SECONDS = 0.01

_numbers = count(1)


class MachineError(Exception):
    """Something about the container, or a command in it, went wrong."""


@dataclass
class Container:
    """A running container. ``leader`` is its PID 1 as the host numbers it."""

    name: str
    folder: Path
    process: "subprocess.Popen[bytes]"
    leader: int = 0
    guard: "subprocess.Popen[bytes] | None" = None
    cgroups: list[Path] = field(default_factory=list)

    @property
    def console(self) -> str:
        try:
            return (self.folder / "console.log").read_text(errors="replace")
        except FileNotFoundError:
            return ""  # It ended, and its traces are gone.


def missing_tools() -> list[str]:
    """What this host lacks for running machines; empty when all is there."""
    missing = [tool for tool in NEEDS if not shutil.which(tool)]
    return missing if os.geteuid() == 0 else [*missing, "root rights"]


def start(
    rootfs: Path,
    *,
    label: str = "",
    hostname: str = "",
    binds: Mapping[str, Path] | None = None,
    binds_ro: Mapping[str, Path] | None = None,
    network: str = "private",
    options: Sequence[str] = (),
    timeout: float = 20,
) -> Container:
    """Start a container on an overlay over ``rootfs`` and wait until its systemd runs as PID 1.

    ``binds`` and ``binds_ro`` map a path in the container to one on the host. ``network`` is
    "private" (loopback only) or "host" (shares the host's, for tests that must reach an index).

    :raises MachineError: PID 1 did not come up in ``timeout`` seconds
    """
    sweep()
    name = f"{PREFIX}-{os.getpid()}-{start_time(os.getpid())}-{next(_numbers)}"
    name += f"-{label}"[:20].rstrip("-") if label else ""
    folder = STATE / name
    folder.mkdir(parents=True, mode=0o700)
    cgroups = _make_cgroups(name)
    argv = _nspawn_argv(rootfs, name, hostname or "appliance")
    argv += _network_options(network)
    argv += [f"--bind={host}:{inside}" for inside, host in (binds or {}).items()]
    argv += [f"--bind-ro={host}:{inside}" for inside, host in (binds_ro or {}).items()]
    # The shell moves itself, so nspawn is in the cgroup from its first instruction on.
    join = 'for folder in $CGROUPS; do echo $$ >"$folder/cgroup.procs"; done; exec "$@"'
    with (folder / "console.log").open("wb") as console:
        process = subprocess.Popen(
            ["sh", "-c", join, "sh", *argv, *options],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "CGROUPS": " ".join(map(str, cgroups)),
                # Many machines boot from one root at once; none of them writes to it.
                "SYSTEMD_NSPAWN_LOCK": "0",
            },
            start_new_session=True,
        )
    container = Container(name, folder, process, cgroups=cgroups)
    try:
        container.leader = _wait_for_leader(container, timeout)
    except BaseException:
        end(container)
        raise
    (folder / "leader").write_text(f"{container.leader} {start_time(container.leader)}")
    container.guard = _start_guard(container.leader)
    return container


def end(container: Container, *, patience: float = 5) -> None:
    """End the container in any state it may be in, and remove every trace of it.

    Asks PID 1 to power off, then nspawn (the same request by another road), then SIGKILLs PID 1,
    which takes all other processes of its namespace along. Never raises for a container that is
    already gone.
    """
    process = container.process
    if container.leader and process.poll() is None:
        _signal(container.leader, signal.SIGRTMIN + 4)  # systemd(1): start poweroff.target
        _wait(process, patience)
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        _wait(process, patience)
    kill(container)


def kill(container: Container) -> None:
    """Cut the power: no unit is stopped, nothing is flushed. Removes every trace as well."""
    process = container.process
    if container.leader and process.poll() is None:
        _signal(container.leader, signal.SIGKILL)
        _wait(process, 2)
    if process.poll() is None:
        _signal(process.pid, signal.SIGKILL)
        process.wait()
    if container.guard:
        container.guard.communicate(b"ended\n")
        container.guard = None
    _remove_traces(container.name)


def kill_children(pid: int) -> None:
    """SIGKILL everything below ``pid`` and leave ``pid`` itself.

    For ``nsenter``: it must live to reap the command it entered with. Were it killed first, the
    command would go to the host's PID 1 as a zombie, and a pid namespace cannot end while a
    zombie of it waits outside.
    """
    for child in _descendants(pid):
        _signal(child, signal.SIGKILL)


def sweep() -> list[str]:
    """End and remove what dead owners left behind; the names are returned."""
    swept = []
    for folder in sorted(STATE.glob(f"{PREFIX}-*")) if STATE.is_dir() else []:
        owner, started = folder.name.split("-")[1:3]
        if start_time(int(owner)) == int(started):
            continue
        _kill_recorded_leader(folder)
        _kill_nspawn_of(folder.name)
        _remove_traces(folder.name)
        swept.append(folder.name)
    return swept


def _start_guard(leader: int) -> "subprocess.Popen[bytes]":
    """Kills ``leader`` when our end of the pipe closes without a word.

    A death signal on nspawn would not do: SIGKILL leaves its PID 1 running, SIGTERM is lost on a
    systemd that has only begun to boot.
    """
    argv = ["sh", "-c", 'read -r word || kill -KILL "$1"', "sh", str(leader)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True)


def _nspawn_argv(rootfs: Path, name: str, hostname: str) -> list[str]:
    argv = ["systemd-nspawn", "--quiet", "--boot", f"--directory={rootfs}", "--volatile=overlay"]
    argv += [f"--machine={name}", f"--hostname={hostname}", "--console=pipe", "--register=no"]
    argv += ["--settings=no", "--link-journal=no", "--timezone=off"]
    # Where PID 1 is no systemd, nobody could make a scope for us.
    return argv if Path("/run/systemd/system").is_dir() else [*argv, "--keep-unit"]


def _network_options(network: str) -> list[str]:
    if network == "private":
        return ["--private-network", "--resolv-conf=off"]
    if network == "host":
        # A network with a filter of its own signs with an authority that only the host knows.
        trust = [f"--bind-ro={HOST_TRUST}"] if HOST_TRUST.exists() else []
        return ["--resolv-conf=copy-host", *trust]
    raise MachineError(f'network is "private" or "host", not {network!r}')


def _make_cgroups(name: str) -> list[Path]:
    """A cgroup of its own for each container where no systemd of the host gives one.

    Without it all containers share one ``payload`` cgroup, and each systemd sees the others'
    services as leftovers of its own.
    """
    if Path("/run/systemd/system").is_dir():
        return []
    folders = [root / name for root in CGROUP_ROOTS if (root / "cgroup.procs").exists()]
    for folder in folders:
        folder.mkdir()
    return folders


def _wait_for_leader(container: Container, timeout: float) -> int:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if container.process.poll() is not None:
            break
        for pid in _descendants(container.process.pid):
            if _is_systemd_as_pid_one(pid):
                return pid
        time.sleep(TICK_SECONDS)
    tail = "\n".join(container.console.splitlines()[-20:])
    code = container.process.poll()
    state = f"nspawn ended with {code}" if code is not None else f"no PID 1 after {timeout} s"
    raise MachineError(f"{container.name} did not start: {state}\n{tail}")


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return found
    for child in map(int, " ".join(lists).split()):
        found += [child, *_descendants(child)]
    return found


def _is_systemd_as_pid_one(pid: int) -> bool:
    """The helper processes of nspawn carry its own name until they become the container's init."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        program = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    inner = [line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:")]
    return inner == ["1"] and program.endswith("/systemd")


def start_time(pid: int) -> int:
    """Clock ticks after boot at which ``pid`` started; 0 when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    # The name in parentheses may hold anything; field 22 counts from behind it (proc(5)).
    return int(text.rpartition(")")[2].split()[19])


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _kill_recorded_leader(folder: Path) -> None:
    record = folder / "leader"
    if not record.exists():
        return
    leader, started = map(int, record.read_text().split())
    if start_time(leader) == started:
        _signal(leader, signal.SIGKILL)


def _kill_nspawn_of(name: str) -> None:
    """For an owner that died before it knew the leader."""
    wanted = f"--machine={name}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in words:
            kill_children(int(folder.name))
            _signal(int(folder.name), signal.SIGKILL)


def _remove_traces(name: str) -> None:
    for root in CGROUP_ROOTS:
        _remove_cgroup(root / name)
    if (PROPAGATE / name).is_dir():
        (PROPAGATE / name).rmdir()
    shutil.rmtree(STATE / name, ignore_errors=True)


def _remove_cgroup(folder: Path) -> None:
    """The kernel removes an empty leaf only; the last processes may take a moment to be reaped."""
    deadline = time.monotonic() + 2
    while folder.is_dir():
        for path, _, _ in os.walk(folder, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                if time.monotonic() > deadline:
                    raise
        time.sleep(TICK_SECONDS if folder.is_dir() else 0)
