"""What a booting machine says on its serial console, and when.

Owns the markers of the phases and the lines that mean trouble. Times are seconds on our clock,
taken when a line was seen; whoever waits looks often. Refuses to send anything to the console.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_CAP = 32 << 20  # bytes of console that are looked at; a machine in a loop says more
_CHUNK = 1 << 20
_ESCAPES = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[()][A-Za-z0-9]|[\x00-\x08\x0b-\x1f]")
_STEP = re.compile(r"^\[ *\d+/\d+\] (\S.*?)(?:  |$)")  # of setup, which tells each when it is done
_STAMP = re.compile(r"^\[ *(\d+\.\d{6})\]")


@dataclass(frozen=True, slots=True)
class Marker:
    """The first line with `text` in it begins the phase."""

    phase: str
    text: str


KERNEL = "kernel"
_BEFORE_KERNEL = ("firmware", "loader")
MARKERS = (
    Marker("firmware", "BdsDxe: starting"),
    Marker("loader", "GRUB"),
    Marker(KERNEL, "Linux version "),
    Marker("secure boot", "Secure boot enabled"),
    Marker("initramfs", "Run /init as init process"),
    Marker("systemd", "systemd[1]: "),
    Marker("network", "Reached target network-online.target"),
    Marker("cloud-init", "running 'init' at"),
    # systemd cuts the middle out of lines that are wider than a console.
    Marker("setup", "Starting caretaker-setup"),
    Marker("set up", "Finished caretaker-setup"),
    Marker("agent", "Started caretaker.service"),
    Marker("login", " login:"),
)

# What a console says of a machine that does not come up, or not whole.
TROUBLE = (
    "[FAILED]",
    "Kernel panic",
    "emergency mode",
    "Dependency failed for",
    "BdsDxe: failed to load",
    "Security Violation",
    "error: no such device",
    "Out of memory: Killed process",
)
_FATAL = ("Kernel panic", "emergency mode", "BdsDxe: No bootable", "Security Violation")


class Serial:
    """The log of one start, read as it grows. `now` is a clock that never steps."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path, self._now = path, now
        self._at, self._rest = 0, b""
        self.seen: dict[str, float] = {}
        """When each phase began."""
        self.trouble: list[str] = []
        self.fatal = ""
        """The line after which nothing good comes."""

    def look(self) -> None:
        """Read what was added. A log that is not there yet is empty."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._at)
                while self._at < _CAP and (chunk := stream.read(_CHUNK)):
                    self._at += len(chunk)
                    *lines, self._rest = (self._rest + chunk).split(b"\n")
                    for line in lines:
                        self._judge(line)
        except FileNotFoundError:
            return
        # A prompt ends in no newline.
        if b" login:" in self._rest:
            self._judge(self._rest)

    def begin_again(self) -> None:
        """Another boot: phases of the one before are forgotten, trouble is not."""
        self.look()
        self.seen.clear()
        self._rest, self.fatal = b"", ""

    def since_kernel(self) -> dict[str, float]:
        """Seconds from the kernel's first instruction to each later phase."""
        begun = self.seen.get(KERNEL)
        if begun is None:
            return {}
        return {
            phase: round(at - begun, 2)
            for phase, at in self.seen.items()
            if at >= begun and phase != KERNEL
        }

    def _forget_shutdown(self) -> None:
        """What the init before a reboot said on its way down looks like the next one's."""
        self.seen = {name: at for name, at in self.seen.items() if name in _BEFORE_KERNEL}

    def _judge(self, raw: bytes) -> None:
        line = plain(raw)
        for marker in MARKERS:
            if marker.text in line and marker.phase not in self.seen:
                if marker.phase == KERNEL:
                    self._forget_shutdown()
                self.seen[marker.phase] = self._now() - _late(marker, line)
        if (step := _STEP.match(line)) and f"set up: {step[1]}" not in self.seen:
            self.seen[f"set up: {step[1]}"] = self._now()
        if any(word in line for word in TROUBLE) and line not in self.trouble:
            self.trouble.append(line)
        if not self.fatal and any(word in line for word in _FATAL):
            self.fatal = line


def plain(raw: bytes) -> str:
    """A line of a console without its colours."""
    return _ESCAPES.sub("", raw.decode(errors="replace")).strip()


def _late(marker: Marker, line: str) -> float:
    """How old the kernel's first line is when it comes: a console that is registered late repeats
    it. Later lines carry times too, but user space's come through other buffers."""
    found = _STAMP.match(line)
    return float(found[1]) if found and marker.phase == KERNEL else 0.0
