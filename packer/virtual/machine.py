"""One virtual machine from an image: started, waited for, spoken to, ended.

Owns its life. The image is never written: the machine writes to an overlay that goes with it, as
does QEMU itself when the block ends, when we die, or when the test fails. Refuses to listen
anywhere but on loopback.
"""

from __future__ import annotations

import contextlib
import json
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agent.errors import MachineError, UnhealthyError
from agent.host import children, files, local_sockets, scratch
from agent.host.failures import HostFailure
from agent.host.machine import Host
from agent.host.spawn import Completed
from agent.host.tail import last_lines
from packer.program import program
from packer.virtual import monitor, seed
from packer.virtual.asking import Asking
from packer.virtual.firmware import Firmware
from packer.virtual.login import PORT, Login, make_key
from packer.virtual.serial import KERNEL, Serial, plain
from packer.virtual.shape import Files, Forward, Shape, Wiring, arguments

_ROOM = Path("/var/tmp")  # noqa: S108  (a folder of its own is made in it; /run is memory)
_STEP = 0.2  # seconds between two looks
_QUICK = 30.0  # seconds for qemu-img on an empty overlay
_GRACE = 5.0  # seconds from SIGTERM to SIGKILL
_VARIABLES = 64 << 20  # bytes; arm64's firmware pads its own to that
_CONSOLE = 64 << 20


class Virtual:
    """A machine that runs. Made by `starting`."""

    def __init__(self, host: Host, shape: Shape, wiring: Wiring) -> None:
        self._host, self.shape, self.files = host, shape, wiring.files
        self._wiring = wiring
        self.ports = {each.there: each.here for each in wiring.forwards}
        self.login = Login(self.ports.get(PORT, 0), self.files.key, self.files.known_hosts)
        self._child: children.Child | None = None
        self.begun = 0.0
        self.serial = Serial(self.files.serial, host.clock.monotonic)

    def start(self) -> None:
        """Power on. Raises MachineError, HostFailure."""
        self.serial.begin_again()
        argv = arguments(self.shape, self._wiring)
        qemu = children.Program(argv, {}, self.files.folder, self.files.said, "virtual")
        self.begun = self._host.clock.monotonic()
        self._child = children.start(qemu)

    @property
    def runs(self) -> bool:
        return self._child is not None and self._child.ended() is None

    def elapsed(self) -> float:
        """Seconds since power on."""
        return self._host.clock.monotonic() - self.begun

    def wait(self, done: Callable[[], bool], *, what: str, timeout: float) -> float:
        """Look until `done`; seconds since power on. Raises UnhealthyError, with the console."""
        clock = self._host.clock
        deadline = clock.monotonic() + timeout
        while True:
            self.serial.look()
            if done():
                return self.elapsed()
            if not self.runs:
                message = f"{what}: QEMU ended: {self._last_words()}"
                raise MachineError("command-failed", message, hint=f"free -m; df -h {_ROOM}")
            if self.serial.fatal:
                raise self._unhealthy(f"{what}: the console says {self.serial.fatal!r}")
            if clock.monotonic() >= deadline:
                raise self._unhealthy(f"{what}: not within {timeout:g} s")
            clock.sleep(_STEP)

    def wait_http(self, path: str, *, port: int, timeout: float, status: int = 200) -> float:
        """Until a GET has this status; seconds since power on. Raises UnhealthyError."""
        with Asking(self._host, self.ports[port], path) as asking:
            what = f"{path} says {status}"
            return self.wait(lambda: asking.has(status), what=what, timeout=timeout)

    def wait_phase(self, phase: str, *, timeout: float) -> float:
        """Until the console told of a phase. Raises UnhealthyError."""
        return self.wait(
            lambda: phase in self.serial.seen, what=f"the console tells of {phase}", timeout=timeout
        )

    def wait_ssh(self, *, timeout: float) -> float:
        """Until somebody with our key comes in. Raises UnhealthyError."""
        last = ""

        def enters() -> bool:
            nonlocal last
            done = self.ssh(["true"], timeout=min(60.0, timeout), root=False)
            last = done.reason
            return done.ok

        try:
            return self.wait(enters, what="SSH", timeout=timeout)
        except UnhealthyError as error:
            message = f"{error.message} (ssh: {last})"
            raise UnhealthyError("unhealthy", message, hint=error.hint) from error

    def ssh(self, argv: Sequence[str], *, timeout: float = 60.0, root: bool = True) -> Completed:
        """Run a program there; never raises for how it ends."""
        return self.login.run(self._host, argv, root=root, timeout=timeout)

    def must(self, argv: Sequence[str], *, timeout: float = 60.0, root: bool = True) -> str:
        """Its output. Raises MachineError where its status is not 0."""
        done = self.ssh(argv, timeout=timeout, root=root)
        if not done.ok:
            said = (done.stdout + done.stderr).strip()[-2000:]
            message = f"{' '.join(argv)} ended with {done.status} in the machine: {said}"
            raise MachineError("command-failed", message)
        return done.stdout

    def reboot(self, *, timeout: float = 120.0) -> None:
        """Ask its init for another boot; back once the kernel begins. Raises UnhealthyError."""
        self.serial.begin_again()
        self.begun = self._host.clock.monotonic()
        self.ssh(["systemctl", "reboot"], timeout=timeout)
        self.wait_phase(KERNEL, timeout=timeout)

    def power_off(self, *, timeout: float = 120.0) -> float:
        """Press the button and wait; seconds it took. Raises MachineError."""
        pressed = self._host.clock.monotonic()
        monitor.say(self._host, self.files.monitor, "system_powerdown")
        deadline = pressed + timeout
        while self.runs:
            self.serial.look()
            if self._host.clock.monotonic() >= deadline:
                raise self._unhealthy(f"the power button: not off within {timeout:g} s")
            self._host.clock.sleep(_STEP)
        self._reap()
        return self._host.clock.monotonic() - pressed

    def kill(self) -> None:
        """End it now, as a power cut would. Quiet where it has ended."""
        child = self._child
        if child is None:
            return
        children.send(child.identity, signal.SIGTERM)
        deadline = self._host.clock.monotonic() + _GRACE
        while child.ended() is None:
            if self._host.clock.monotonic() >= deadline:
                children.send(child.identity, signal.SIGKILL)
            self._host.clock.sleep(_STEP / 4)
        self._reap()

    def _reap(self) -> None:
        if self._child is not None:
            self.serial.look()
            self._child.reap()
            self._child = None

    def _unhealthy(self, message: str) -> UnhealthyError:
        tail = console_tail(self.files.serial)
        return UnhealthyError("unhealthy", f"{message}; its console ended with:\n{tail}")

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return "; ".join(last_lines(self.files.said, 5))[-500:] or "without a word"
        return "without a word"


def console_tail(path: Path, lines: int = 12) -> str:
    """The last lines of a console, without colours."""
    try:
        found = last_lines(path, lines)
    except OSError:
        return "(nothing)"
    return "\n".join(f"  {plain(line.encode())}" for line in found) or "(nothing)"


@contextlib.contextmanager
def starting(
    host: Host, shape: Shape, told: seed.Seed | None = None, *, keep: Path | None = None
) -> Iterator[Virtual]:
    """A machine that has just been switched on; gone after the block, whatever happened in it.

    With a seed a key is made for us and SSH is forwarded. `keep` is where its console's log goes
    in the end. Raises MachineError.
    """
    with scratch.folder("caretaker-virtual", base=_ROOM) as folder:
        try:
            machine = _made(host, shape, told, Files(folder))
            try:
                machine.start()
                yield machine
            finally:
                machine.kill()
                if keep is not None:
                    _kept(machine.files.serial, keep)
        except HostFailure as error:
            raise MachineError("command-failed", str(error), hint=f"df -h {_ROOM}") from error


def _made(host: Host, shape: Shape, told: seed.Seed | None, own: Files) -> Virtual:
    _overlay(host, shape.image, own.disk)
    if shape.firmware.variables:
        _variables(shape.firmware, own.variables)
    ports = shape.ports
    if told is not None:
        public = make_key(host, own.key)
        seed.write(host, replace(told, keys=(*told.keys, public)), own.seed)
        ports = tuple(dict.fromkeys((*ports, PORT)))
    wiring = Wiring(own, _forwards(ports), seeded=told is not None)
    return Virtual(host, shape, wiring)


def format_of(host: Host, image: Path) -> str:
    """`raw` or `qcow2`. Raises MachineError for any other: of some, a description in text, which
    a stranger's raw disk may begin with, names files of this host."""
    argv = ["qemu-img", "info", "--output=json", "-U", str(image)]
    found = json.loads(program(host, argv, timeout=_QUICK).stdout)
    kind = str(found["format"])
    if kind not in ("raw", "qcow2"):
        message = f"{image} is {kind!r}; raw and qcow2 disks are started"
        raise MachineError("image-invalid", message, hint=f"qemu-img info {image}")
    return kind


def _variables(firmware: Firmware, place: Path) -> None:
    try:
        content = files.read_bytes(Path(firmware.variables).resolve(), cap=_VARIABLES)
    except FileNotFoundError as error:
        message = f"there is no firmware {firmware.variables}"
        hint = f"apt-get install {firmware.package}"
        raise MachineError("command-missing", message, hint=hint) from error
    files.replace(place, content, mode=0o600, durable=False)


def _kept(serial: Path, keep: Path) -> None:
    with contextlib.suppress(FileNotFoundError):  # switched on it never was
        content = files.read_bytes(serial, cap=_CONSOLE)
        try:
            files.replace(keep, content, durable=False)
        except HostFailure as failure:
            hint = f"ls -ld {keep.absolute().parent}"
            raise MachineError("file-unwritable", str(failure), hint=hint) from failure


def _overlay(host: Host, image: Path, disk: Path) -> None:
    """The image's format is told, so that QEMU does not guess it again when the machine starts."""
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", format_of(host, image)]
    argv += ["-b", str(image.resolve()), str(disk)]
    program(host, argv, timeout=_QUICK)


def _forwards(ports: Sequence[int]) -> tuple[Forward, ...]:
    """Free ports of loopback, all held until each has its own."""
    with contextlib.ExitStack() as held:
        found = []
        for port in ports:
            listener = held.enter_context(local_sockets.listen_loopback(0))
            found.append(Forward(int(listener.getsockname()[1]), port))
        return tuple(found)
