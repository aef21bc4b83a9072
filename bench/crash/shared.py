"""The memory that the harness shares with the preloaded library: `faults.h`, seen from Python.

Owns arming a fault and reading what was counted. Refuses to fork or to wait.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal[
    "none", "kill", "torn", "no-space", "disk-full", "io-error", "bad-disk", "short", "pause"
]

# By kind: the library's number, and whether the error stays.
KINDS: dict[Kind, tuple[int, bool]] = {
    "none": (0, False),
    "kill": (1, False),
    "torn": (2, False),
    "no-space": (3, False),
    "disk-full": (3, True),
    "io-error": (4, False),
    "bad-disk": (4, True),
    "short": (5, False),
    "pause": (6, False),
}
WRITES = frozenset(("write", "pwrite", "writev", "pwritev", "sendfile", "copy_file_range"))

_MOST_CALLS = 16384
_COUNT, _STRIKE, _ROOT, _LOG, _CALLS, _CALL = 32, 40, 48, 304, 560, 128
_SIZE = _CALLS + _CALL * _MOST_CALLS


@dataclass(frozen=True)
class Call:
    """One call that changes something: its name, and the end of its path."""

    name: str
    path: str

    def __str__(self) -> str:
        return f"{self.name} …{self.path[-60:]}"

    @property
    def writes(self) -> bool:
        return self.name in WRITES


class Shared:
    """The mapped file. `root` is the folder below which calls count."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as stream:
            self._memory = mmap.mmap(stream.fileno(), _SIZE)

    @staticmethod
    def make(path: Path) -> None:
        with path.open("xb") as stream:
            stream.truncate(_SIZE)
        path.chmod(0o666)  # migrations run as another user, and count too

    def watch(self, root: Path, log: Path | None = None) -> None:
        self._memory[_ROOT : _ROOT + 256] = str(root).encode().ljust(256, b"\0")
        self._memory[_LOG : _LOG + 256] = str(log or "").encode().ljust(256, b"\0")

    def arm(self, kind: Kind = "none", strike: int = 0, *, recording: bool = False) -> None:
        """From now on calls count, and the one of number `strike` is struck."""
        number, lasting = KINDS[kind]
        self._memory[0:4] = bytes(4)
        self._memory[4:32] = struct.pack("7I", 0, number, lasting, 0, recording, 0, 0)
        self._memory[_COUNT : _COUNT + 16] = struct.pack("2Q", 0, strike)
        self._memory[0:4] = struct.pack("I", 1)

    def disarm(self) -> None:
        self._memory[0:8] = bytes(8)

    def ignore(self) -> None:
        """Whatever runs from now on does not count; who is paused stays so."""
        self._memory[0:4] = bytes(4)

    def resume(self) -> None:
        """Let go on whoever is paused; calls count again."""
        self._memory[16:20] = struct.pack("I", 2)
        self._memory[0:4] = struct.pack("I", 1)

    @property
    def struck(self) -> bool:
        return bool(struct.unpack_from("I", self._memory, 16)[0])

    @property
    def lost(self) -> int:
        return int(struct.unpack_from("I", self._memory, 28)[0])

    @property
    def count(self) -> int:
        count = int(struct.unpack_from("Q", self._memory, _COUNT)[0])
        if count > _MOST_CALLS:
            raise OverflowError(f"{count} calls are more than the {_MOST_CALLS} there is room for")
        return count

    def calls(self) -> list[Call]:
        """Those that were counted, in order."""
        found = []
        for number in range(self.count):
            at = _CALLS + _CALL * number
            name, path = struct.unpack_from("16s112s", self._memory, at)
            found.append(Call(_text(name), _text(path)))
        return found


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode(errors="replace")
